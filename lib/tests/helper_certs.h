/* Certificates made for one test run: a CA, a server's for 127.0.0.1 and the name "localhost", a
 * client's, and files that are none. */
#ifndef TESTS_HELPER_CERTS_H
#define TESTS_HELPER_CERTS_H

struct test_certs {
    char dir[64];
    char *ca, *server_cert, *server_key, *client_cert, *client_key, *other_ca, *garbage;
};

void test_certs_make(struct test_certs *ret);
void test_certs_remove(struct test_certs *certs);
/* Whole file as a string; free it. */
char *test_read_file(const char *path);
/* Removes a folder and all in it. */
void test_remove_tree(const char *path);

#endif
