/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * term.h: a terminal for tests. It runs a program on a pseudo-terminal, feeds what the program
 * writes to libvterm and lets a test look at the screen as a person would: wait for a text, read a
 * row, ask for a cell's colour, press a key, resize, count bytes, measure the time to the first
 * byte, and compare the terminal's settings before and after.
 *
 * It leaves to others what the program does (the tests) and what a server says (tests/fake).
 *
 * Rules: wait for a sight, never for a while. Every wait has a limit in milliseconds; when it
 * passes, the screen is printed and the test fails. HELO_TEST_SLOW=N in the environment multiplies
 * every limit by N (for sanitizers and slow machines).
 */
#ifndef TESTS_SCREEN_TERM_H
#define TESTS_SCREEN_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

struct term;

/*
 * What a failed wait does. The default prints the message and ends the process with status 1. A
 * cmocka test calls term_use_cmocka() (term_cmocka.h) in main(), so that only the one test fails.
 * The function must not return.
 */
typedef void term_fail_fn(const char *file, int line, const char *message);
extern term_fail_fn *term_fail;

/*
 * Start argv[0] (looked up in PATH) on a fresh terminal of cols x rows. The environment is built
 * from nothing: PATH, TERM=xterm-256color, LANG and LC_ALL=C.UTF-8, TZ=UTC, HOME, TMPDIR and XDG_*
 * in a new temporary directory that term_stop() removes, and the sanitizers' *_OPTIONS where set.
 * `env` (NULL or a NULL-terminated list) adds or replaces "NAME=value"; a bare "NAME" takes one
 * away. A HOME given there is used and not removed, and the XDG_* lie under it. The terminal starts
 * in ordinary cooked mode. Never NULL: a failure goes to term_fail.
 */
struct term *term_start_at(int cols, int rows, const char *const *argv, const char *const *env,
                           const char *file, int line);
#define term_start(cols, rows, argv, env)                                                          \
    term_start_at((cols), (rows), (argv), (env), __FILE__, __LINE__)

/* Kill the program if it still runs, remove the temporary home, free. NULL is fine. */
void term_stop(struct term *t);
/* Stop every terminal that is still there: a cmocka teardown. Returns 0. */
int term_stop_all(void **state);

/* ------------------------------------------------------------------ keys */

/* Type UTF-8 text, in a single write. */
void term_keys(struct term *t, const char *text);
/* The same for n bytes that may hold NUL. */
void term_bytes(struct term *t, const char *bytes, size_t n);
/* Type the text and press Enter, in a single write. */
void term_line(struct term *t, const char *text);
/*
 * Press one key: "Enter" "Tab" "S-Tab" "Esc" "Backspace" "Space" "Up" "Down" "Left" "Right" "Home"
 * "End" "PgUp" "PgDn" "Ins" "Del" "F1".."F12", "C-c", "M-x", "C-M-x", "C-Up", "S-F1" or one
 * character. Cursor keys follow the mode that the program set (application or normal).
 */
void term_key_at(struct term *t, const char *name, const char *file, int line);
#define term_key(t, name) term_key_at((t), (name), __FILE__, __LINE__)
/* Paste n bytes (SIZE_MAX: up to the NUL): inside ESC [200~ ... ESC [201~ only when the program
 * has switched mode 2004 on, as a real terminal does. */
void term_paste(struct term *t, const char *bytes, size_t n);

/* ------------------------------------------------------------------ waiting */

/* Wait until the screen shows the text. Rows are joined by \n, their trailing blanks removed, so
 * a text with \n in it spans rows. */
void term_wait_at(struct term *t, const char *text, int ms, const char *file, int line);
#define term_wait(t, text, ms) term_wait_at((t), (text), (ms), __FILE__, __LINE__)
/* Wait until row (0 is the top, -1 the bottom) shows the text. */
void term_wait_row_at(struct term *t, int row, const char *text, int ms, const char *file,
                      int line);
#define term_wait_row(t, row, text, ms)                                                            \
    term_wait_row_at((t), (row), (text), (ms), __FILE__, __LINE__)
/* Wait until the screen no longer shows the text. */
void term_wait_gone_at(struct term *t, const char *text, int ms, const char *file, int line);
#define term_wait_gone(t, text, ms) term_wait_gone_at((t), (text), (ms), __FILE__, __LINE__)
/* Wait until the program has written nothing for quiet_ms. */
void term_wait_quiet_at(struct term *t, int quiet_ms, int ms, const char *file, int line);
#define term_wait_quiet(t, quiet_ms, ms)                                                           \
    term_wait_quiet_at((t), (quiet_ms), (ms), __FILE__, __LINE__)
/* Wait until fn(t, arg) is true; `what` names it in the failure message. */
void term_wait_for_at(struct term *t, bool (*fn)(struct term *, void *), void *arg,
                      const char *what, int ms, const char *file, int line);
#define term_wait_for(t, fn, arg, what, ms)                                                        \
    term_wait_for_at((t), (fn), (arg), (what), (ms), __FILE__, __LINE__)
/* Feed whatever arrives within ms; never fails. True when something came. */
bool term_pump(struct term *t, int ms);

/* ------------------------------------------------------------------ the screen */

/* The whole screen as UTF-8, rows joined by \n, trailing blanks removed. Borrowed, valid until the
 * next call on this terminal. */
const char *term_screen(struct term *t);
/* One row; -1 is the bottom one. Borrowed, valid until the fourth further call (of any terminal).
 */
const char *term_row(struct term *t, int row);
bool term_shows(struct term *t, const char *text);
/* The first row and column at which the text stands; false when it is not there. */
bool term_find(struct term *t, const char *text, int *row, int *col);
/* The number of the screen's rows and columns. */
int term_rows(const struct term *t);
int term_cols(const struct term *t);

struct term_cell {
    char text[28]; /* UTF-8 of the character and its combining marks; "" when blank */
    int width;     /* 1 or 2 */
    int fg, bg;    /* -1 the terminal's own, 0..255 palette, 0x1000000 | 0xrrggbb true colour */
    bool reverse, bold, underline, blink, italic;
};
struct term_cell term_cell(struct term *t, int row, int col);

/* Where the hardware cursor stands, and whether it is visible. */
void term_cursor(struct term *t, int *row, int *col);
bool term_cursor_visible(const struct term *t);
bool term_altscreen(const struct term *t);
/* The window title the program set; "" when it set none. Borrowed. */
const char *term_title(const struct term *t);
void term_resize(struct term *t, int cols, int rows);
/* Print the screen with a frame and the cursor to standard error. */
void term_print(struct term *t);

/* ------------------------------------------------------------------ what was written */

/* Forget what was counted so far: term_written, term_raw and the counters below start here. */
void term_mark(struct term *t);
/* Bytes that the program wrote since the mark (or the start). */
size_t term_written(const struct term *t);
/* Those bytes themselves (the first 64 MB of them). Borrowed. */
const char *term_raw(const struct term *t, size_t *n);
/* Is the private mode (1, 25, 1049, 2004, 1000 ...) on now? */
bool term_mode(const struct term *t, int mode);
/* Modes that are not as a fresh terminal has them, such as "?1h ?2004h ESC="; "" when all is as it
 * was. Borrowed, valid until the next call. */
const char *term_modes_left(struct term *t);
/* Since the mark: SGR sequences that set a colour; all escape and control sequences, and bare
 * controls other than CR LF TAB BS; OSC 52 copies. */
size_t term_colours(const struct term *t);
size_t term_escapes(const struct term *t);
size_t term_controls(const struct term *t);
/* The payload of the newest OSC n, such as "c;aGVsbG8=" for 52; NULL when there was none. Borrowed.
 */
const char *term_osc(const struct term *t, int n);

/* ------------------------------------------------------------------ time */

/* A limit in milliseconds as HELO_TEST_SLOW stretches it; the waits do it by themselves. */
int term_limit(int ms);
/* CLOCK_MONOTONIC in microseconds. */
int64_t term_now(void);
/* Microseconds at which the program was started, wrote its first byte, wrote its newest one, and
 * at which the newest key was written; 0 when that has not happened. */
int64_t term_t_start(const struct term *t);
int64_t term_t_first(const struct term *t);
int64_t term_t_last(const struct term *t);
int64_t term_t_key(const struct term *t);
/* Microseconds from the newest key to the first byte written after it; waits up to ms for it, and
 * gives -1 when none came. */
int64_t term_key_echo(struct term *t, int ms);

/* ------------------------------------------------------------------ the program */

pid_t term_pid(const struct term *t);
/* The HOME of the program. Borrowed. */
const char *term_home(const struct term *t);
bool term_running(struct term *t);
void term_signal(struct term *t, int sig);
/* Close the terminal's own end, as closing the window does: the program gets SIGHUP. The screen
 * stays readable. */
void term_hangup(struct term *t);
/* Wait for the end; the exit status, or 128 + signal. All output has been read then. */
int term_exit_status_at(struct term *t, int ms, const char *file, int line);
#define term_exit_status(t, ms) term_exit_status_at((t), (ms), __FILE__, __LINE__)
/* The signal that ended the program; 0 when it ended by itself or still runs. */
int term_exit_signal(const struct term *t);
/* Are the terminal's settings as they were at the start? */
bool term_tty_restored(struct term *t);
/* What differs, such as "ICANON off, ECHO off"; "" when nothing does. Borrowed. */
const char *term_tty_difference(struct term *t);
/* Resident memory in kilobytes now, and at its highest; -1 where /proc does not tell. */
long term_rss_kb(const struct term *t);
long term_rss_peak_kb(const struct term *t);

#endif
