#include "kafka_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_certs.h"

static struct test_certs certs;

static int make_certs(void **state)
{
    test_certs_make(&certs);
    return 0;
}

static int remove_certs(void **state)
{
    test_certs_remove(&certs);
    return 0;
}

/* Sets one option in a fresh configuration and expects librdkafka to hold `value` under `rd_name`.
 */
static void expect(const char *name, const char *value, const char *rd_name, const char *rd_value)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct ks_error err = {0};
    if (kafka_options_set(conf, name, value, &err) != KS_OK)
        fail_msg("%s", err.message);
    char got[4096];
    size_t size = sizeof(got);
    if (rd_kafka_conf_get(conf, rd_name, got, &size) != RD_KAFKA_CONF_OK)
        fail_msg("%s is not set", rd_name);
    assert_string_equal(got, rd_value);
    rd_kafka_conf_destroy(conf);
}

static void expect_error(const char *name, const char *value, const char *part)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct ks_error err = {0};
    assert_int_equal(kafka_options_set(conf, name, value, &err), KS_ERR_FATAL);
    char *quoted = xasprintf("\"%s\"", name);
    if (!strstr(err.message, quoted) || !strstr(err.message, part))
        fail_msg("%s: %s", name, err.message);
    free(quoted);
    rd_kafka_conf_destroy(conf);
}

static void test_set__names_of_librdkafka(void **state)
{
    expect("bootstrap.servers", "a:1,b:2", "bootstrap.servers", "a:1,b:2");
    expect("queue.buffering.max.ms", "7", "linger.ms", "7");
    expect("security.protocol", "SASL_SSL", "security.protocol", "sasl_ssl");
    expect("isolation.level", "read_committed", "isolation.level", "read_committed");
    expect("max.poll.interval.ms", "1234", "max.poll.interval.ms", "1234");
}

static void test_set__names_of_the_java_client(void **state)
{
    expect("fetch.max.wait.ms", "77", "fetch.wait.max.ms", "77");
    expect("max.request.size", "2000000", "message.max.bytes", "2000000");
    expect("buffer.memory", "33554432", "queue.buffering.max.kbytes", "32768");
    expect("send.buffer.bytes", "4096", "socket.send.buffer.bytes", "4096");
    expect("sasl.mechanism", "SCRAM-SHA-512", "sasl.mechanisms", "SCRAM-SHA-512");
    expect("auto.offset.reset", "none", "auto.offset.reset", "error");
    expect("auto.offset.reset", "earliest", "auto.offset.reset", "smallest");
    expect("ssl.endpoint.identification.algorithm", "", "ssl.endpoint.identification.algorithm",
           "none");
    expect("ssl.endpoint.identification.algorithm", "HTTPS",
           "ssl.endpoint.identification.algorithm", "https");
    expect("partition.assignment.strategy",
           "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
           "partition.assignment.strategy", "cooperative-sticky");
}

static void test_set__jaas(void **state)
{
    const char *plain = "org.apache.kafka.common.security.plain.PlainLoginModule required "
                        "username=\"alice\" password=\"hunter2\";";
    expect("sasl.jaas.config", plain, "sasl.username", "alice");
    expect("sasl.jaas.config", plain, "sasl.password", "hunter2");
    expect("sasl.jaas.config", "a.Krb5LoginModule required principal=\"p@R\" keyTab=\"/k\";",
           "sasl.kerberos.principal", "p@R");
    expect_error("sasl.jaas.config", "x.OAuthBearerLoginModule required;", "sasl.oauthbearer");
    expect_error("sasl.jaas.config", "x.ScramLoginModule required username=\"a\";",
                 "password is missing");
    expect_error("sasl.jaas.config", "nonsense", "JAAS");
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void test_set__stores(void **state)
{
    expect("ssl.truststore.location", certs.ca, "ssl.ca.location", certs.ca);
    expect("ssl.keystore.location", certs.client_key, "ssl.key.location", certs.client_key);
    expect("ssl.keystore.location", certs.client_key, "ssl.certificate.location", certs.client_key);
    char *store = xasprintf("%s/store", certs.dir);
    write_file(store, "\xfe\xed\xfe\xed\0\0", 6);
    expect_error("ssl.truststore.location", store, "PEM");
    expect_error("ssl.keystore.location", store, "JKS");
    write_file(store, "\x30\x82\x01\x02", 4);
    expect("ssl.keystore.location", store, "ssl.keystore.location", store);
    expect_error("ssl.truststore.location", store, "PEM");
    free(store);
    expect_error("ssl.truststore.location", "/nonexistent", "/nonexistent");
    expect_error("ssl.truststore.type", "JKS", "must be PEM");
    expect_error("ssl.keystore.type", "JKS", "PKCS12");
    expect_error("ssl.truststore.password", "x", "remove");
    char *pem = test_read_file(certs.ca);
    expect("ssl.truststore.certificates", pem, "ssl.ca.pem", pem);
    free(pem);
}

static void test_set__unknown_and_invalid(void **state)
{
    expect_error("sasl.mechansim", "PLAIN", "did you mean \"sasl.mechanism");
    expect_error("bootstrap.server", "a", "did you mean \"bootstrap.servers\"");
    expect_error("something.else.entirely", "a", "no such option");
    expect_error("linger.ms", "soon", "linger");
    expect_error("max.poll.records", "5", "Java");
    expect_error("buffer.memory", "much", "number");
}

static void test_apply__prefix(void **state)
{
    struct ks_config_entry entries[] = {{"milvus.kafka.client.id", "me"},
                                        {"milvus.kafka.fetch.max.wait.ms", "20"},
                                        {"milvus.uri", "not for Kafka"}};
    struct ks_config config = {entries, 3};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct ks_error err = {0};
    if (kafka_options_apply(conf, &config, "milvus.kafka.", &err) != KS_OK)
        fail_msg("%s", err.message);
    char got[64];
    size_t size = sizeof(got);
    rd_kafka_conf_get(conf, "client.id", got, &size);
    assert_string_equal(got, "me");
    entries[1].key = "milvus.kafka.client.idd";
    assert_int_equal(kafka_options_apply(conf, &config, "milvus.kafka.", &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "\"milvus.kafka.client.idd\""));
    assert_non_null(strstr(err.message, "did you mean \"milvus.kafka.client.id\""));
    rd_kafka_conf_destroy(conf);
}

static void test_error_set__classes(void **state)
{
    struct ks_error err;
    assert_int_equal(kafka_error_set(&err, "commit", RD_KAFKA_RESP_ERR__FENCED, NULL),
                     KS_ERR_RESTART);
    assert_non_null(strstr(err.message, "commit: "));
    assert_non_null(strstr(err.message, "_FENCED"));
    assert_int_equal(kafka_error_set(&err, "read", RD_KAFKA_RESP_ERR__TRANSPORT, "no broker"),
                     KS_ERR_RETRIABLE);
    assert_string_equal(err.message, "read: no broker (_TRANSPORT)");
    assert_int_equal(
        kafka_error_set(&err, "read", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, NULL),
        KS_ERR_FATAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set__names_of_librdkafka),
        cmocka_unit_test(test_set__names_of_the_java_client),
        cmocka_unit_test(test_set__jaas),
        cmocka_unit_test(test_set__stores),
        cmocka_unit_test(test_set__unknown_and_invalid),
        cmocka_unit_test(test_apply__prefix),
        cmocka_unit_test(test_error_set__classes),
    };
    return cmocka_run_group_tests(tests, make_certs, remove_certs);
}
