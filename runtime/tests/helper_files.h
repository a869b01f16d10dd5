/* Files for tests: a folder of its own, removed at the end. */
#ifndef RUNTIME_TESTS_HELPER_FILES_H
#define RUNTIME_TESTS_HELPER_FILES_H

/* Owns: free() what is returned. */
char *helper_dir_new(void);
void helper_dir_remove(char *take_dir);
char *helper_file_new(const char *dir, const char *name, const char *text);

#endif
