/* Metrics, a zero byte, and an answer of a worker: report, lags, table. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "status_report.h"

static void print(const json_t *report)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    status_report_print(report, out);
    fclose(out);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 && *c != '\n')
            abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, 0, size);
    if (!end)
        return 0;
    const char *rest = (const char *)end + 1;
    json_t *answer = json_loadb(rest, size - (size_t)(rest - (const char *)data), 0, NULL);
    json_t *report = status_report_new(answer, NULL, 0);
    if (report) {
        const char **workers;
        status_report_add_metrics(report, (const char *)data);
        status_report_workers(report, &workers);
        free(workers);
        status_report_has_failed(report);
        print(report);
    }
    json_decref(report);
    json_decref(answer);
    return 0;
}
