/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which heloscope this is. */
#ifndef HELOSCOPE_VERSION_H
#define HELOSCOPE_VERSION_H

/* The version as a static string, such as "0.1.0". */
const char *heloscope_version(void);

#endif
