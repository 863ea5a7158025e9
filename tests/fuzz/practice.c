/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the practice world that says anything: the first octet picks the service and the size
 * of the pieces. */
#include "heloscope/loop.h"
#include "heloscope/practice.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const protos[] = {"smtp", "submission", "lmtp", "pop3"};
    struct world_options o = {.message_max = 5000};
    char why[256], answer[4096];
    if (!n)
        return 0;
    struct loop *l = loop_new();
    struct world *w = l ? world_new(l, &o, why, sizeof why) : NULL;
    if (!w)
        abort();
    size_t piece = data[0] & 0x40 ? 1 : 4096;
    int fd = world_connect(w, protos[data[0] & 3], "192.0.2.1");
    for (size_t at = 1; at < n && fd >= 0;) {
        size_t k = n - at < piece ? n - at : piece;
        ssize_t done = send(fd, data + at, k, MSG_NOSIGNAL | MSG_DONTWAIT);
        loop_turn(l, 0);
        while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0)
            loop_turn(l, 0);
        if (done <= 0)
            break; /* the server has had enough */
        at += (size_t)done;
    }
    if (fd >= 0)
        close(fd);
    loop_turn(l, 0);
    world_shutdown(w);
    if (world_clients(w) != 0)
        abort();
    world_free(w);
    loop_free(l);
    return 0;
}
