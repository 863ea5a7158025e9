/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What shows a session: header, capability sidebar, tab bar, key bar. The session is one made up
 * here, so that every state of it can be looked at. */
#include "tests/support/check.h"
#include "tests/unit/screenful.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/theme.h"

/* -- the session ---------------------------------------------------------------------------------
 */

static struct caps now_caps, was_caps;
static bool have_now, have_was, stale, open_ = true, up = true, handshake, practice;
static struct tls_facts facts;
static bool have_tls;
static size_t outstanding;
static uint64_t waiting_us, literal;
static uint32_t latency_us;
static const char *user = "";
static struct where where;

#define WEAK __attribute__((weak))
WEAK const struct caps *session_caps(const struct session *s)
{
    (void)s;
    return have_now ? &now_caps : NULL;
}
WEAK const struct caps *session_caps_before(const struct session *s)
{
    (void)s;
    return have_was ? &was_caps : NULL;
}
WEAK bool session_caps_stale(const struct session *s)
{
    (void)s;
    return stale;
}
WEAK const struct proto *session_proto(const struct session *s)
{
    (void)s;
    return proto_list[0];
}
WEAK const struct tls_facts *session_tls(const struct session *s)
{
    (void)s;
    return have_tls ? &facts : NULL;
}
WEAK void session_tls_seen(const struct session *s, struct tls_seen *out)
{
    (void)s;
    memset(out, 0, sizeof *out);
}
WEAK const struct tls_version_row *tls_scan_rows(const struct tls_scan *s)
{
    (void)s;
    return NULL;
}
WEAK const struct caps *tls_scan_other(const struct tls_scan *s, const struct caps *clear)
{
    (void)s;
    (void)clear;
    return NULL;
}
WEAK size_t session_outstanding(const struct session *s)
{
    (void)s;
    return outstanding;
}
WEAK uint64_t session_waiting_us(const struct session *s)
{
    (void)s;
    return waiting_us;
}
WEAK uint64_t session_literal_left(const struct session *s)
{
    (void)s;
    return literal;
}
WEAK bool session_is_open(const struct session *s)
{
    (void)s;
    return open_;
}
WEAK bool session_is_up(const struct session *s)
{
    (void)s;
    return up;
}
WEAK bool session_in_handshake(const struct session *s)
{
    (void)s;
    return handshake;
}

WEAK bool session_is_practice(const struct session *s)
{
    (void)s;
    return practice;
}
WEAK const struct where *session_now(const struct session *s)
{
    (void)s;
    return &where;
}
WEAK const char *session_user(const struct session *s)
{
    (void)s;
    return user;
}
WEAK uint32_t session_latency_us(const struct session *s)
{
    (void)s;
    return latency_us;
}
/* What the mailbox behind the panes asks for; without these the real session would be linked. */
WEAK struct transcript *session_transcript(struct session *s)
{
    (void)s;
    return NULL;
}
WEAK bool session_line(struct session *s, const char *line, size_t n, char *why, size_t size)
{
    (void)s, (void)line, (void)n, (void)why, (void)size;
    return false;
}
WEAK bool session_lines(struct session *s, const char *text, size_t n, char *why, size_t size)
{
    return session_line(s, text, n, why, size);
}

WEAK void mail_cursor(int *y, int *x)
{
    *y = *x = 0;
}

WEAK bool know_explain(enum item_kind kind, const struct moment *m, unsigned notes,
                       const char *line, size_t n, struct explanation *out)
{
    (void)kind, (void)m, (void)notes, (void)line, (void)n;
    memset(out, 0, sizeof *out);
    return false;
}
WEAK const struct know_cap *know_cap(const char *proto, const char *keyword, size_t n)
{
    static const struct know_cap row = {"smtp",     "SIZE", "n", "tells sizes", "MAIL ... SIZE=n",
                                        "RFC 1870", true};
    (void)proto, (void)keyword, (void)n;
    return &row;
}
WEAK size_t know_cap_words(const char *proto, const char *keyword, const char *params, char *out,
                           size_t size)
{
    (void)proto;
    return (size_t)snprintf(out, size, "what %s %s is for", keyword, params);
}

/* -- the screen ----------------------------------------------------------------------------------
 */

static struct ui ui;
static struct tab tab;

WEAK struct tab *ui_tab(struct ui *u)
{
    return u->current >= 0 ? u->tabs[u->current] : NULL;
}

static int start(void **state)
{
    int lines = *state ? ((int *)*state)[0] : 24, cols = *state ? ((int *)*state)[1] : 80;
    char why[64];
    screenful_open(lines, cols);
    theme_load(NULL, why, sizeof why);
    memset(&ui, 0, sizeof ui);
    memset(&tab, 0, sizeof tab);
    memset(&facts, 0, sizeof facts);
    snprintf(facts.version, sizeof facts.version, "TLS 1.3");
    have_now = have_was = stale = have_tls = practice = false;
    open_ = up = true;
    handshake = false;
    outstanding = 0;
    waiting_us = literal = latency_us = 0;
    user = "";
    proto_list[0]->begin(&where);
    caps_init(&now_caps);
    caps_init(&was_caps);
    tab.session = (struct session *)&tab;
    tab.name = "mail.example.org:25";
    ui.tabs[0] = &tab;
    ui.ntabs = 1;
    ui.rows = LINES;
    ui.cols = COLS;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    caps_clear(&now_caps);
    caps_clear(&was_caps);
    screenful_close();
    return 0;
}

static void draw(void)
{
    layout_compute(&ui, 1, true);
    erase();
    header_draw(&ui);
    tabbar_draw(&ui);
    caps_draw(&ui);
    keybar_draw(&ui);
    refresh();
}

static void cap(struct caps *c, const char *keyword, const char *params)
{
    assert_true(caps_add(c, keyword, strlen(keyword), params, strlen(params)));
}

static bool shows(const char *text)
{
    for (int y = 0; y < LINES; y++)
        if (strstr(screenful_row(y), text))
            return true;
    return false;
}

static void want(const char *text)
{
    if (shows(text))
        return;
    screenful_dump();
    fail_msg("not on the screen: %s", text);
}

static void two_lists(void)
{
    have_now = have_was = true;
    now_caps.tls = true;
    cap(&was_caps, "STARTTLS", "");
    cap(&was_caps, "SIZE", "1048576");
    cap(&was_caps, "PIPELINING", "");
    cap(&now_caps, "AUTH", "PLAIN LOGIN");
    cap(&now_caps, "SIZE", "10485760");
    cap(&now_caps, "PIPELINING", "");
}

/* -- tests ---------------------------------------------------------------------------------------
 */

static void the_sidebar_is_a_diff(void **state)
{
    (void)state;
    draw();
    want("EHLO tells what the");
    two_lists();
    draw();
    want("| CAPS  after TLS");
    want("| + AUTH PLAIN LOGIN");
    want("| ~ SIZE 10M (was 1M)");
    want("| = PIPELINING");
    want("| - STARTTLS");
    want("+ new  - gone");
    int fresh, gone, changed;
    caps_counts(tab.session, &fresh, &gone, &changed);
    assert_int_equal(fresh * 100 + gone * 10 + changed, 111);
}

static void the_first_list_has_no_marks(void **state)
{
    (void)state;
    have_now = true;
    cap(&now_caps, "SIZE", "35882577");
    cap(&now_caps, "X-EVIL\033[31m", "\xe2\x80\xae");
    draw();
    want("| CAPS  in clear");
    want("|   SIZE 34M");
    want("|   X-EVIL^[[31m");
    assert_false(shows("+ new"));
}

static void a_stale_list_says_so(void **state)
{
    (void)state;
    two_lists();
    stale = true;
    draw();
    want("CAPS  dropped");
    want("void since TLS");
    want("EHLO again");
    assert_false(shows("+ AUTH"));
    want("- AUTH");
}

static void the_focus_explains(void **state)
{
    int y, x;
    (void)state;
    two_lists();
    ui.focus = FOCUS_CAPS;
    tab.caps_scroll = 1;
    tab.talk = (struct talk *)&tab; /* panes_cursor() asks only whether there is one */
    draw();
    want("SIZE: what SIZE");
    want("RFC 1870");
    assert_true(panes_cursor(&ui, &y, &x));
    assert_non_null(strstr(screenful_row(y), ">~ SIZE"));
    assert_true(mvinch(y, x + 3) & A_REVERSE);
    tab.caps_scroll = 999;
    draw();
    assert_int_equal(tab.caps_scroll, 3);
    tab.caps_scroll = -5;
    draw();
    assert_int_equal(tab.caps_scroll, 0);
}

static void many_capabilities_fit(void **state)
{
    (void)state;
    have_now = true;
    for (int i = 0; i < CAPS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "X-%d", i);
        cap(&now_caps, name, "with a parameter that is too long for a sidebar");
    }
    draw();
    want("more (c)");
    want("X-0 with a parame..");
    ui.focus = FOCUS_CAPS;
    tab.caps_scroll = CAPS_MAX - 1;
    draw();
    want(">  X-255");
}

static void the_header_speaks(void **state)
{
    (void)state;
    latency_us = 8200;
    draw();
    want("SMTP mail.example.org:25 | no TLS | ");
    want(" | 8.2 ms | LIVE");
    /* LIVE in reverse. */
    const char *row = screenful_row(0);
    assert_true(mvinch(0, (int)(strstr(row, "LIVE") - row)) & A_REVERSE);
    have_tls = true;
    facts.verdict = TLS_UNVERIFIED;
    practice = true;
    draw();
    want("| TLS 1.3 UNVERIFIED | ");
    want("| DEMO");
    facts.verdict = TLS_VERIFIED_PRACTICE;
    draw();
    want("| TLS 1.3 practice CA | ");
    facts.verdict = TLS_VERIFIED;
    draw();
    want("| TLS 1.3 verified | ");
    outstanding = 2;
    waiting_us = 3400000;
    draw();
    want("waiting 3 s (2 sent)");
    up = false;
    draw();
    want("| connecting |");
    handshake = true;
    draw();
    want("| TLS handshake |");
    open_ = false;
    draw();
    want("| closed |");
}

/* However narrow and however long the names: LIVE and the verdict of TLS stay, on one row. */
static void the_header_gives_way(void **state)
{
    (void)state;
    have_tls = true;
    facts.verdict = TLS_UNVERIFIED;
    user = "somebody.with.a.long.name@department.example.org";
    tab.name = "a-very-long-name-of-a-mail-server.department.example.org:2525";
    outstanding = 3;
    waiting_us = 65000000;
    latency_us = 123456;
    ui.ntabs = 12;
    draw();
    want("LIVE");
    assert_true(strlen(screenful_row(0)) > 30);
    want("UNVERIF");
    want("65");
}

static void a_narrow_header_keeps_its_end(void **state)
{
    (void)state;
    have_tls = true;
    facts.verdict = TLS_VERIFIED_PRACTICE;
    practice = true;
    where.state = 0;
    for (size_t i = 0; i < proto_list[0]->nstates; i++) {
        where.state = (uint8_t)i;
        draw();
        const char *row = screenful_row(0);
        assert_non_null(strstr(row, "| DEMO"));
    }
}

static void keys_fit_the_bar(void **state)
{
    (void)state;
    for (int f = FOCUS_EDITOR; f <= FOCUS_CAPS; f++) {
        ui.focus = (enum focus)f;
        draw();
        const char *row = screenful_row(LINES - 1);
        assert_non_null(strstr(row, "? help"));
        assert_non_null(strstr(row, ": all commands"));
    }
    ui.focus = FOCUS_EDITOR;
    draw();
    assert_non_null(strstr(screenful_row(LINES - 1), " Enter send"));
}

static void the_tab_bar_counts(void **state)
{
    (void)state;
    two_lists();
    ui.small_pane = FOCUS_TALK;
    draw();
    want(" [1 talk]  2 caps(+1-1~1)   3 why");
    ui.small_pane = FOCUS_CAPS;
    draw();
    want("[2 caps(+1-1~1)]");
    want("+ AUTH            -       | PLAIN LOGIN");
    want("CAPABILITIES      before  | after TLS");
}

static int small[] = {20, 60}, tiny[] = {8, 40};

#define ON_SCREEN(f) cmocka_unit_test_setup_teardown(f, start, stop)
#define SIZED(f, s) cmocka_unit_test_prestate_setup_teardown(f, start, stop, s)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SCREEN(the_sidebar_is_a_diff),
        ON_SCREEN(the_first_list_has_no_marks),
        ON_SCREEN(a_stale_list_says_so),
        ON_SCREEN(the_focus_explains),
        ON_SCREEN(many_capabilities_fit),
        ON_SCREEN(the_header_speaks),
        ON_SCREEN(the_header_gives_way),
        SIZED(the_header_gives_way, small),
        SIZED(the_header_gives_way, tiny),
        SIZED(a_narrow_header_keeps_its_end, small),
        SIZED(a_narrow_header_keeps_its_end, tiny),
        ON_SCREEN(keys_fit_the_bar),
        SIZED(keys_fit_the_bar, small),
        SIZED(keys_fit_the_bar, tiny),
        SIZED(the_tab_bar_counts, small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
