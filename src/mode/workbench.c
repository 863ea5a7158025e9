/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The full-screen modes: the workbench on a server, on the practice world, or on a saved talk. What
 * is wrong with the command line is said before the terminal is taken, where it stays readable and
 * has its exit status. */
#include "mode/mode.h"
#include "tui/app.h"
#include "heloscope/conn.h"
#include "heloscope/fault.h"
#include "heloscope/logfile.h"
#include "heloscope/mtasts.h"
#include "heloscope/route.h"
#include "heloscope/login.h"
#include "heloscope/target.h"
#include "heloscope/tls.h"

#include <string.h>

int mode_workbench(const struct args *a)
{
    struct target t;
    struct tls_trust trust;
    char why[400];
    enum fault fault = mode_trust(a, true, &trust, why, sizeof why);
    struct login_options login;
    if (fault == FAULT_NONE)
        fault = mode_login(a, &login, why, sizeof why);
    if (fault != FAULT_NONE) {
        mode_complain("%s", why);
        return fault_status(fault);
    }
    unsigned ms;
    if (a->pace && !pace_parse(a->pace, &ms, why, sizeof why)) {
        mode_complain("--pace: %s", why);
        return fault_status(FAULT_USAGE);
    }
    if (a->mode == MODE_WORKBENCH && a->noperands > 0) {
        if (!target_parse(a->operands[0], &t, why, sizeof why)) {
            mode_complain("%s", why);
            return fault_status(FAULT_USAGE);
        }
        target_clear(&t);
    }
    struct conn_options conn = {0};
    struct route way;
    struct mtasts policy;
    const struct mtasts *use;
    fault = mode_route(a, &way, &conn, why, sizeof why);
    if (fault == FAULT_NONE)
        fault = mode_policy(a, &policy, &use, why, sizeof why);
    if (fault != FAULT_NONE) {
        mode_complain("%s", why);
        return fault_status(fault);
    }
    route_clear(&way);
    if (a->mode == MODE_OPEN && !logfile_check(a->operands[0], why, sizeof why)) {
        mode_complain("%s", why);
        return fault_status(FAULT_FILE);
    }
    return app_run(a);
}
