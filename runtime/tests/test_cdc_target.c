/* Targets that answer, refuse, are something else, or are not there: lib's gRPC server as Milvus,
 * librdkafka's mock cluster as Kafka. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sdk/base64.h"
#include "cdc_target.h"
#include "clock.h"
#include "grpc_client.h"
#include "helper_grpc_server.h"
#include "helper_mock_kafka.h"
#include "proto_wire.h"

/* ---- Milvus ---- */

static struct test_server *server;
static char address[64];
/* What it answers to Connect, and what it was told. */
static int reply_code;
static struct ks_buf reply_body;
static char seen_login[200];

static void handle(void *arg, const struct test_request *request, struct test_reply *ret)
{
    seen_login[0] = '\0';
    test_request_metadata(request, "authorization", seen_login, sizeof seen_login);
    if (strcmp(request->method, "/milvus.proto.milvus.MilvusService/Connect") != 0)
        ret->code = GRPC_CODE_UNIMPLEMENTED;
    else
        ret->code = reply_code;
    ret->text = "as the test wants";
    ks_buf_add(&ret->body, reply_body.data, reply_body.len);
}

static int start_server(void **state)
{
    server = test_server_start(0, NULL, false);
    test_server_handle(server, handle, NULL);
    snprintf(address, sizeof address, "127.0.0.1:%d", test_server_port(server));
    return server ? 0 : -1;
}

static int stop_server(void **state)
{
    test_server_stop(server);
    ks_buf_release(&reply_body);
    return 0;
}

static struct cdc_milvus milvus(const char *uri, const char *token)
{
    return (struct cdc_milvus){.uri = uri,
                               .token = token,
                               .host = "",
                               .username = "",
                               .password = "",
                               .server_name = "",
                               .server_pem = "",
                               .ca_pem = "",
                               .client_pem = "",
                               .client_key = "",
                               .connect_timeout_s = 1};
}

/* status: {code, reason} of milvus' ConnectResponse */
static void answer(int code, uint32_t status_field, uint64_t status, const char *reason)
{
    struct ks_buf inner = {0};
    wire_put_uint(&inner, status_field, status);
    wire_put_str(&inner, 2, reason);
    ks_buf_reset(&reply_body);
    wire_put_bytes(&reply_body, 1, inner.data, inner.len);
    reply_code = code;
    ks_buf_release(&inner);
}

static void expect(const struct cdc_milvus *m, const char *fault)
{
    struct ks_error err = {0};
    test_server_sync(server);
    enum ks_status status = cdc_target_milvus(m, &err);
    test_server_sync(server);
    if (!fault && status)
        fail_msg("%s", err.message);
    if (!fault)
        return;
    assert_int_equal(status, KS_ERR_DATA);
    if (!strstr(err.message, fault))
        fail_msg("%s", err.message);
    assert_null(strstr(err.message, "s3cret"));
}

static void test_milvus__answers(void **state)
{
    struct cdc_milvus m = milvus(address, "");
    answer(GRPC_CODE_OK, 3, 0, "");
    expect(&m, NULL);
    assert_string_equal(seen_login, "");
    answer(GRPC_CODE_OK, 3, 1100, "bad parameter");
    expect(&m, "bad parameter");
    answer(GRPC_CODE_OK, 1, 5, "of an old server");
    expect(&m, "of an old server");
    reply_code = GRPC_CODE_UNIMPLEMENTED;
    expect(&m, NULL);
    reply_code = GRPC_CODE_OK;
    ks_buf_reset(&reply_body);
    ks_buf_add_str(&reply_body, "\x07");
    expect(&m, "no Milvus");
}

static void test_milvus__login(void **state)
{
    struct cdc_milvus m = milvus(address, "root:s3cret");
    struct ks_buf wanted = {0};
    base64_encode(&wanted, (const uint8_t *)"root:s3cret", 11);
    answer(GRPC_CODE_OK, 3, 0, "");
    expect(&m, NULL);
    assert_string_equal(seen_login, ks_buf_str(&wanted));
    m.token = "";
    m.username = "root";
    m.password = "s3cret";
    expect(&m, NULL);
    assert_string_equal(seen_login, ks_buf_str(&wanted));
    ks_buf_release(&wanted);
    reply_code = GRPC_CODE_UNAUTHENTICATED;
    expect(&m, "the login is not valid");
}

static void test_milvus__a_placeholder_is_not_sent(void **state)
{
    struct cdc_milvus m = milvus(address, "${env:S3CRET}");
    reply_code = GRPC_CODE_UNAUTHENTICATED;
    expect(&m, NULL);
    assert_string_equal(seen_login, "");
    m = milvus("${env:TARGET}", "");
    expect(&m, NULL);
}

static void test_milvus__nobody_there(void **state)
{
    struct cdc_milvus m = milvus("http://127.0.0.1:1", "root:s3cret");
    int64_t begin_ms = clock_mono_ms();
    expect(&m, "does not answer");
    assert_true(clock_mono_ms() - begin_ms < 5000);
}

static void test_milvus__addresses_that_are_none(void **state)
{
    struct cdc_milvus m = milvus("http://root:s3cret@h:1", "");
    expect(&m, "holds a user");
    m.uri = "http://root:s3cret@${env:HOST}:1";
    expect(&m, "holds a user");
    m.uri = "http://h:1/path";
    expect(&m, "has a path");
    m.uri = address;
    m.server_pem = "/nowhere/ca.pem";
    expect(&m, "/nowhere/ca.pem");
}

/* ---- Kafka ---- */

static struct cdc_kafka kafka_of(const char *at)
{
    return (struct cdc_kafka){.address = at,
                              .topic = "t",
                              .username = "",
                              .password = "",
                              .mechanisms = "",
                              .security_protocol = ""};
}

static void test_kafka__own_another_and_none(void **state)
{
    struct mock_kafka own, other;
    struct ks_error err = {0};
    mock_kafka_start(&own, "");
    mock_kafka_start(&other, "");
    struct cdc_kafka k = kafka_of(own.worker.bootstrap_servers);
    assert_int_equal(cdc_target_kafka(&own.worker, &k, &err), KS_OK);
    k.address = other.worker.bootstrap_servers;
    assert_int_equal(cdc_target_kafka(&own.worker, &k, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "is not the Kafka of this worker"));
    k.address = "127.0.0.1:1";
    assert_int_equal(cdc_target_kafka(&own.worker, &k, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "the target Kafka 127.0.0.1:1: no broker answers"));
    mock_kafka_stop(&other);
    mock_kafka_stop(&own);
}

static void test_kafka__options_that_are_not_valid(void **state)
{
    struct worker_config worker = {0};
    struct ks_error err = {0};
    struct cdc_kafka k = kafka_of("k:1");
    k.enable_sasl = true;
    k.password = "s3cret";
    k.security_protocol = "s3cret too";
    assert_int_equal(cdc_target_kafka(&worker, &k, &err), KS_ERR_DATA);
    assert_string_equal(err.message, "kafka_connect_param: security.protocol is not valid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_milvus__answers),
        cmocka_unit_test(test_milvus__login),
        cmocka_unit_test(test_milvus__a_placeholder_is_not_sent),
        cmocka_unit_test(test_milvus__nobody_there),
        cmocka_unit_test(test_milvus__addresses_that_are_none),
        cmocka_unit_test(test_kafka__own_another_and_none),
        cmocka_unit_test(test_kafka__options_that_are_not_valid),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
