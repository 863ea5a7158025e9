/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The full-screen modes: the workbench on a server, on the practice world, or on a saved talk. */
#include "mode/mode.h"
#include "tui/app.h"

int mode_workbench(const struct args *a)
{
    return app_run(a);
}
