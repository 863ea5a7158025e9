#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Nothing of the screen may leak into the headless part: libheloscope.a asks for no symbol of
# curses or readline, and a program linked with all of it alone loads neither library.
library=$top_builddir/libheloscope.a
headless=$top_builddir/tests/unit/version

wanted=$("${NM:-nm}" -A -u "$library" 2>/dev/null |
    grep -E ' U (_?(stdscr|curscr|newscr)|initscr|endwin|newterm|newpad|newwin|wrefresh|prefresh|doupdate|w?getch|wget_wch|w?addn?w?str|w?move|mvwin|keypad|cbreak|setupterm|tigetstr|tputs|tparm|rl_[a-z_]+|add_history|readline)$')
if [ -n "$wanted" ]; then
    echo "libheloscope.a asks for symbols of the screen:"
    echo "$wanted"
    exit 1
fi

if command -v ldd >/dev/null; then
    loaded=$(ldd "$headless" | grep -E 'curses|libtinfo|readline|libedit')
    if [ -n "$loaded" ]; then
        echo "$headless loads a screen library:"
        echo "$loaded"
        exit 1
    fi
fi

# What is loaded at its first use is not loaded at every start.
if command -v ldd >/dev/null && grep -q HELO_LAZY "$top_builddir/Makefile"; then
    loaded=$(ldd "$HELOSCOPE" | grep -E 'libssl|libcrypto|libgsasl|libidn2|libunistring|libgmime|libcares|libpcre2|libconfuse|libjansson|libutf8proc')
    if [ -n "$loaded" ]; then
        echo "$HELOSCOPE loads at its start what it should load when needed:"
        echo "$loaded"
        exit 1
    fi
fi
