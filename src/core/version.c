/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The version stands in configure.ac only. */
#include "config.h"
#include "heloscope/version.h"

const char *heloscope_version(void)
{
    return PACKAGE_VERSION;
}
