/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options; picks a mode; nothing else. */
#include <stdio.h>
#include <string.h>

#include "heloscope/version.h"

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("heloscope %s\n", heloscope_version());
    } else if (argc == 2 && strcmp(argv[1], "--man") == 0) {
        printf(".TH HELOSCOPE 1 \"\" \"heloscope %s\" \"User Commands\"\n"
               ".SH NAME\nheloscope \\- terminal workbench for SMTP and POP3\n"
               ".SH SYNOPSIS\n.B heloscope\n[\\fB\\-\\-version\\fR | \\fB\\-\\-man\\fR]\n",
               heloscope_version());
    } else {
        fprintf(stderr, "usage: heloscope --version | --man\n");
        return 2;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
