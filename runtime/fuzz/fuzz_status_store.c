/* Values of the status topic. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "log.h"
#include "status_store.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    log_init(KS_LOG_ERROR, false);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char key[] = "status-task-c-0";
    struct status_store *store = status_store_new("me");
    struct task_status status;
    status_store_apply(store, (struct ks_slice){key, sizeof key - 1},
                       (struct ks_slice){data, size});
    if (status_store_get(store, "c", 0, &status)) {
        /* What was read can be written. */
        status_store_put(store, "c", 1, &status);
        task_status_release(&status);
        if (!status_store_get(store, "c", 1, &status))
            abort();
        task_status_release(&status);
    }
    status_store_close(store);
    return 0;
}
