/* SPDX-License-Identifier: GPL-3.0-or-later */
/* readline's callback interface with own input, no output and no hand on the terminal's modes or
 * signals. The whole chunk of a key is queued before rl_callback_read_char(): fed byte by byte,
 * UTF-8 breaks the history search. */
#include "tui/editor.h"
#include "tui/paths.h"
#include "heloscope/buf.h"
#include "tui/lazy/readline.gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#define HISTORY_LINES 1000

static void (*on_accept)(void *arg, const char *line);
static void (*on_external)(void *arg);
static void *on_arg;
static bool ready;
static bool external_wanted;
static char
    *pending; /* the accepted line: readline clears its own after the handler, so we act later */
static FILE *null_in, *null_out;
static const char *feed_at;
static size_t feed_left;
static char *history_path;

static int get_byte(FILE *f)
{
    (void)f;
    if (feed_left == 0)
        return EOF;
    feed_left--;
    return (unsigned char)*feed_at++;
}

static int has_byte(void)
{
    return feed_left > 0;
}

static void show_nothing(void)
{
}

static void no_prep(int meta)
{
    (void)meta;
}

static void no_deprep(void)
{
}

static int nothing(int count, int key)
{
    (void)count;
    (void)key;
    return 0;
}

static int want_external(int count, int key)
{
    (void)count;
    (void)key;
    external_wanted = true;
    return 0;
}

static char **no_words(const char *text, int start, int end)
{
    (void)text;
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1;
    return NULL;
}

static void wipe(char *p)
{
    if (p)
        explicit_bzero(p, strlen(p));
}

static void accepted(char *line)
{
    /* NULL: end of file (C-d on an empty line). That does not quit. */
    if (line) {
        wipe(pending);
        free(pending);
        pending = line;
    }
}

static void history_open(void)
{
    char why[256];
    history_path = paths_state("history", why, sizeof why);
    stifle_history(HISTORY_LINES);
    if (!history_path)
        return;
    int fd = open(history_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        free(history_path);
        history_path = NULL;
        return;
    }
    close(fd);
    read_history(history_path);
    history_truncate_file(history_path, HISTORY_LINES);
}

void editor_open(void (*accept)(void *arg, const char *line), void (*external)(void *arg),
                 void *arg)
{
    on_accept = accept;
    on_external = external;
    on_arg = arg;
}

void editor_ready(void)
{
    if (ready)
        return;
    const struct { /* not static: readline's addresses are known when it is loaded */
        const char *seq;
        rl_command_func_t *fn;
    } keys[] = {
        {"\\e[3~", rl_delete},      {"\\e[1~", rl_beg_of_line}, {"\\e[4~", rl_end_of_line},
        {"\\e[7~", rl_beg_of_line}, {"\\e[8~", rl_end_of_line},
    };
    ready = true;
    null_in = fopen("/dev/null", "re");
    null_out = fopen("/dev/null", "we");
    rl_readline_name = "heloscope";
    rl_instream = null_in;
    rl_outstream = null_out;
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_prep_term_function = no_prep;
    rl_deprep_term_function = no_deprep;
    rl_getc_function = get_byte;
    rl_input_available_hook = has_byte;
    rl_redisplay_function = show_nothing;
    rl_attempted_completion_function = no_words;
    rl_callback_handler_install("", accepted);
    /* After the user's inputrc: what would write to the terminal or fight with our keys. */
    rl_variable_bind("bell-style", "none");
    rl_variable_bind("enable-bracketed-paste", "off");
    rl_bind_key('\t', nothing);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        rl_bind_keyseq_if_unbound(keys[i].seq, keys[i].fn);
    rl_bind_keyseq("\\C-x\\C-e", want_external);
    using_history();
    history_open();
}

void editor_close(void)
{
    if (!ready)
        return;
    editor_cancel();
    rl_callback_handler_remove();
    clear_history();
    fclose(null_in);
    fclose(null_out);
    free(history_path);
    history_path = NULL;
    ready = false;
}

bool editor_feed(const char *bytes, size_t n)
{
    editor_ready();
    if (rl_end + n > EDITOR_MAX && (unsigned char)bytes[0] >= ' ' && bytes[0] != 0x7f)
        return false;
    feed_at = bytes;
    feed_left = n;
    while (feed_left > 0)
        rl_callback_read_char();
    if (pending) {
        char *line = pending;
        pending = NULL;
        on_accept(on_arg, line);
        wipe(line);
        free(line);
    }
    if (external_wanted) {
        external_wanted = false;
        on_external(on_arg);
    }
    return true;
}

const char *editor_text(size_t *n)
{
    if (!ready || !rl_line_buffer) {
        *n = 0;
        return "";
    }
    *n = (size_t)rl_end;
    return rl_line_buffer;
}

size_t editor_point(void)
{
    return ready ? (size_t)rl_point : 0;
}

void editor_set(const char *text, size_t n)
{
    if (!ready && n == 0)
        return;
    editor_ready();
    char *s = xstrndup(text, n > EDITOR_MAX ? EDITOR_MAX : n);
    wipe(rl_line_buffer);
    rl_replace_line(s, 1);
    rl_point = rl_end;
    wipe(s);
    free(s);
}

void editor_replace(size_t start, const char *text)
{
    editor_ready();
    if (start > (size_t)rl_end)
        return;
    rl_begin_undo_group();
    rl_delete_text((int)start, rl_end);
    rl_point = rl_end;
    rl_insert_text(text);
    rl_end_undo_group();
    rl_point = rl_end;
}

bool editor_insert(const char *text, size_t n)
{
    editor_ready();
    if (rl_end + n > EDITOR_MAX)
        return false;
    char *s = xstrndup(text, n);
    rl_insert_text(s);
    wipe(s);
    free(s);
    return true;
}

void editor_cancel(void)
{
    if (!ready)
        return;
    rl_callback_sigcleanup();
    rl_clear_message();
    rl_free_line_state();
    wipe(rl_line_buffer);
    rl_replace_line("", 1);
    using_history(); /* Up begins at the newest line again */
}

bool editor_busy(void)
{
    return ready && RL_ISSTATE(RL_STATE_MULTIKEY | RL_STATE_ISEARCH | RL_STATE_NSEARCH |
                               RL_STATE_METANEXT | RL_STATE_NUMERICARG | RL_STATE_VIMOTION |
                               RL_STATE_CHARSEARCH | RL_STATE_MOREINPUT);
}

bool editor_wants_escape(void)
{
    if (!ready)
        return false;
    return editor_busy() || (rl_editing_mode == 0 && rl_get_keymap() == vi_insertion_keymap);
}

bool editor_means(const char *bytes, size_t n)
{
    int type = ISFUNC;
    char low[2] = {0};
    editor_ready();
    if (editor_wants_escape())
        return true;
    rl_command_func_t *fn = rl_function_of_keyseq_len(bytes, n, NULL, &type);
    if (type == ISFUNC && fn == rl_do_lowercase_version && n == 2) {
        low[0] = bytes[0];
        low[1] = (char)(bytes[1] | 32);
        fn = rl_function_of_keyseq_len(low, 2, NULL, &type);
    }
    return fn != NULL;
}

const char *editor_prompt(void)
{
    if (!ready || !RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG))
        return NULL;
    return rl_display_prompt && *rl_display_prompt ? rl_display_prompt : NULL;
}

void editor_remember(const char *line)
{
    editor_ready();
    if (!*line)
        return;
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    if (last && strcmp(last->line, line) == 0)
        return;
    add_history(line);
    using_history(); /* the search and Up begin at the end again */
    if (history_path)
        append_history(1, history_path);
}
