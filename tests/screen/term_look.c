/* SPDX-License-Identifier: GPL-3.0-or-later */
/* term_look.c: what a test can see: the screen's text and cells, the raw bytes, the modes, the
 * terminal's settings, the program's memory. */
#include "term_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* ------------------------------------------------------------------ text */

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | (c >> 18 & 0x07));
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* The cell's characters as UTF-8; 0 for the right half of a wide one, " " for a blank. */
static size_t cell_text(const VTermScreenCell *cell, char *out)
{
    size_t n = 0;

    if (cell->chars[0] == (uint32_t)-1)
        return 0;
    if (cell->chars[0] == 0) {
        out[0] = ' ';
        return 1;
    }
    for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i]; i++)
        n += put_utf8(out + n, cell->chars[i]);
    return n;
}

/* One row without its trailing blanks; out has room for cols * 24 + 1. */
static size_t row_text(struct term *t, int row, char *out)
{
    size_t n = 0;

    for (int col = 0; col < t->cols; col++) {
        VTermScreenCell cell;

        vterm_screen_get_cell(t->screen, (VTermPos){.row = row, .col = col}, &cell);
        n += cell_text(&cell, out + n);
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return n;
}

const char *term_screen(struct term *t)
{
    size_t need = (size_t)t->rows * ((size_t)t->cols * 24 + 2) + 1;
    size_t n = 0;

    if (need > t->text_cap) {
        free(t->text);
        t->text = malloc(need);
        t->text_cap = t->text ? need : 0;
    }
    if (!t->text)
        return "";
    for (int row = 0; row < t->rows; row++) {
        n += row_text(t, row, t->text + n);
        if (row < t->rows - 1)
            t->text[n++] = '\n';
    }
    t->text[n] = '\0';
    return t->text;
}

const char *term_row(struct term *t, int row)
{
    static char *slot[4];
    static int turn;
    char **out = &slot[turn++ % 4];

    if (row < 0)
        row += t->rows;
    free(*out);
    *out = malloc((size_t)t->cols * 24 + 1);
    if (!*out || row < 0 || row >= t->rows)
        return "";
    row_text(t, row, *out);
    return *out;
}

bool term_shows(struct term *t, const char *text)
{
    return strstr(term_screen(t), text) != NULL;
}

bool term_find(struct term *t, const char *text, int *row, int *col)
{
    const char *p;

    for (int r = 0; r < t->rows; r++) {
        const char *line = term_row(t, r);

        p = strstr(line, text);
        if (!p)
            continue;
        *row = r;
        /* walk the cells until as many bytes have gone by */
        for (int c = 0; c < t->cols; c++) {
            VTermScreenCell cell;
            char bytes[32];

            if (line >= p) {
                *col = c;
                return true;
            }
            vterm_screen_get_cell(t->screen, (VTermPos){.row = r, .col = c}, &cell);
            line += cell_text(&cell, bytes);
        }
    }
    return false;
}

int term_rows(const struct term *t)
{
    return t->rows;
}

int term_cols(const struct term *t)
{
    return t->cols;
}

static int colour(const VTermColor *c)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(c) || VTERM_COLOR_IS_DEFAULT_BG(c))
        return -1;
    if (VTERM_COLOR_IS_INDEXED(c))
        return c->indexed.idx;
    return 0x1000000 | c->rgb.red << 16 | c->rgb.green << 8 | c->rgb.blue;
}

struct term_cell term_cell(struct term *t, int row, int col)
{
    VTermScreenCell c;
    struct term_cell out = {.width = 1, .fg = -1, .bg = -1};

    if (row < 0)
        row += t->rows;
    if (row < 0 || row >= t->rows || col < 0 || col >= t->cols)
        return out;
    vterm_screen_get_cell(t->screen, (VTermPos){.row = row, .col = col}, &c);
    if (c.chars[0] != 0)
        out.text[cell_text(&c, out.text)] = '\0';
    out.width = c.width;
    out.fg = colour(&c.fg);
    out.bg = colour(&c.bg);
    out.reverse = c.attrs.reverse;
    out.bold = c.attrs.bold;
    out.underline = c.attrs.underline != 0;
    out.blink = c.attrs.blink;
    out.italic = c.attrs.italic;
    return out;
}

void term_cursor(struct term *t, int *row, int *col)
{
    VTermPos pos;

    vterm_state_get_cursorpos(vterm_obtain_state(t->vt), &pos);
    *row = pos.row;
    *col = pos.col;
}

bool term_cursor_visible(const struct term *t)
{
    return t->cursor_visible;
}

bool term_altscreen(const struct term *t)
{
    return t->altscreen;
}

const char *term_title(const struct term *t)
{
    return t->title;
}

void term_resize(struct term *t, int cols, int rows)
{
    struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    term_read(t);
    t->cols = cols;
    t->rows = rows;
    vterm_set_size(t->vt, rows, cols);
    if (t->master >= 0)
        ioctl(t->master, TIOCSWINSZ, &ws);
}

void term_print(struct term *t)
{
    int row, col;

    term_cursor(t, &row, &col);
    fprintf(stderr, "+-- %dx%d, cursor at row %d column %d%s%s\n", t->cols, t->rows, row, col,
            t->cursor_visible ? "" : " (hidden)", t->altscreen ? ", alternate screen" : "");
    for (int r = 0; r < t->rows; r++)
        fprintf(stderr, "| %s\n", term_row(t, r));
    fprintf(stderr, "+--\n");
}

/* ------------------------------------------------------------------ what was written */

void term_mark(struct term *t)
{
    term_read(t);
    t->written = 0;
    t->raw_n = 0;
    t->scan.colours = t->scan.escapes = t->scan.controls = 0;
}

size_t term_written(const struct term *t)
{
    return t->written;
}

const char *term_raw(const struct term *t, size_t *n)
{
    *n = t->raw_n;
    return t->raw ? t->raw : "";
}

bool term_mode(const struct term *t, int mode)
{
    return term_scan_mode(&t->scan, mode);
}

const char *term_modes_left(struct term *t)
{
    term_read(t);
    term_scan_left(&t->scan, t->left, sizeof t->left);
    return t->left;
}

size_t term_colours(const struct term *t)
{
    return t->scan.colours;
}

size_t term_escapes(const struct term *t)
{
    return t->scan.escapes;
}

size_t term_controls(const struct term *t)
{
    return t->scan.controls;
}

const char *term_osc(const struct term *t, int n)
{
    for (size_t i = 0; i < t->scan.noscs; i++)
        if (t->scan.oscs[i].number == n)
            return t->scan.oscs[i].text;
    return NULL;
}

int64_t term_t_start(const struct term *t)
{
    return t->t_start;
}

int64_t term_t_first(const struct term *t)
{
    return t->t_first;
}

int64_t term_t_last(const struct term *t)
{
    return t->t_last;
}

int64_t term_t_key(const struct term *t)
{
    return t->t_key;
}

/* ------------------------------------------------------------------ the terminal's settings */

struct flag {
    const char *name;
    tcflag_t bit;
};

static const struct flag iflags[] = {
    {"BRKINT", BRKINT}, {"ICRNL", ICRNL}, {"INLCR", INLCR}, {"IGNCR", IGNCR},   {"ISTRIP", ISTRIP},
    {"IXON", IXON},     {"IXOFF", IXOFF}, {"IXANY", IXANY}, {"PARMRK", PARMRK}, {"INPCK", INPCK}};
static const struct flag oflags[] = {{"OPOST", OPOST}, {"ONLCR", ONLCR}, {"OCRNL", OCRNL}};
static const struct flag lflags[] = {{"ECHO", ECHO},     {"ICANON", ICANON}, {"ISIG", ISIG},
                                     {"IEXTEN", IEXTEN}, {"ECHOE", ECHOE},   {"ECHOK", ECHOK},
                                     {"ECHONL", ECHONL}, {"NOFLSH", NOFLSH}, {"TOSTOP", TOSTOP}};

static void compare(char *out, size_t size, tcflag_t before, tcflag_t after,
                    const struct flag *flags, size_t n, const char *other)
{
    tcflag_t known = 0;
    size_t used = strlen(out);

    for (size_t i = 0; i < n; i++) {
        known |= flags[i].bit;
        if ((before ^ after) & flags[i].bit) {
            snprintf(out + used, size - used, "%s%s %s", used ? ", " : "", flags[i].name,
                     after & flags[i].bit ? "on" : "off");
            used = strlen(out);
        }
    }
    if ((before ^ after) & ~known)
        snprintf(out + used, size - used, "%s%s 0x%x was 0x%x", used ? ", " : "", other,
                 (unsigned)after, (unsigned)before);
}

const char *term_tty_difference(struct term *t)
{
    struct termios now;
    const struct termios *b = &t->before, *a = &now;
    char *out = t->difference;
    size_t size = sizeof t->difference;

    out[0] = '\0';
    if (tcgetattr(t->slave, &now) < 0)
        now = t->after; /* after a hangup the slave no longer answers */
    compare(out, size, b->c_iflag, a->c_iflag, iflags, sizeof iflags / sizeof iflags[0], "iflag");
    compare(out, size, b->c_oflag, a->c_oflag, oflags, sizeof oflags / sizeof oflags[0], "oflag");
    compare(out, size, b->c_lflag, a->c_lflag, lflags, sizeof lflags / sizeof lflags[0], "lflag");
    compare(out, size, b->c_cflag, a->c_cflag, NULL, 0, "cflag");
    for (int i = 0; i < NCCS; i++)
        if (b->c_cc[i] != a->c_cc[i]) {
            size_t used = strlen(out);

            snprintf(out + used, size - used, "%scc[%d] %d was %d", used ? ", " : "", i, a->c_cc[i],
                     b->c_cc[i]);
        }
    return out;
}

bool term_tty_restored(struct term *t)
{
    return *term_tty_difference(t) == '\0';
}

/* ------------------------------------------------------------------ memory */

static long status_kb(const struct term *t, const char *field)
{
    char path[64], line[256];
    long kb = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)t->pid);
    f = fopen(path, "re");
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0) {
            kb = atol(line + strlen(field));
            break;
        }
    fclose(f);
    return kb;
}

long term_rss_kb(const struct term *t)
{
    return status_kb(t, "VmRSS:");
}

long term_rss_peak_kb(const struct term *t)
{
    return status_kb(t, "VmHWM:");
}
