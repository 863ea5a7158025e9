/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --fault: lists the faults of the practice servers, or looks whether those asked for exist before
 * anything is opened. */
#include "heloscope/practice.h"
#include "mode/mode.h"

#include <string.h>

bool mode_faults(const struct args *a, int *status)
{
    char why[700];
    if (!strcmp(a->fault, "list")) {
        struct fault_choice all[FAULT_CHOICES_MAX];
        world_faults(NULL, all);
        for (const struct fault_choice *f = all; f->name; f++) {
            char name[64] = "";
            if (*f->value)
                snprintf(name, sizeof name, "%s=%s", f->name, f->value);
            printf("%-20s %s (%s)", *name ? name : f->name, f->what, f->ref);
            if (*f->value)
                printf(" Usual: %u.", f->usual);
            putchar('\n');
        }
        *status = fault_status(FAULT_NONE);
        return true;
    }
    if (practice_faults_exist(a->fault, why, sizeof why))
        return false;
    mode_complain("--fault: %s", why);
    *status = fault_status(FAULT_USAGE);
    return true;
}
