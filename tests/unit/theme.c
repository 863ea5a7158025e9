/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Theme files: what a broken one is told, what a good one means, and that the shipped ones are
 * whole. */
#include "tests/support/check.h"
#include "tests/unit/screenful.h"
#include "tui/themefile.h"

static const struct broken {
    const char *text, *says;
} broken[] = {
    {"[theme]\nname = x\n", "t.theme:1: no such option '[theme]'; wanted: theme, color"},
    {"theme { nme = \"x\" }\n", "t.theme:1: no such option 'nme'"},
    {"# a\n# b\ncolor {\n  # c\n  text = \"#12345\"\n}\n",
     "t.theme:5: text: \"#12345\" is neither a colour"},
    {"color {\n  text = \"red on\"\n}\n", "t.theme:2: text: a colour is missing after \"on\""},
    {"color {\n  server.perm = \"fat\"\n}\n", "t.theme:2: server.perm: \"fat\" is neither"},
    {"color {\n  text = \"256\"\n}\n", "t.theme:2: text: \"256\" is neither"},
    {"color {\n\n  text = }\n", "t.theme:3: unexpected token '}'"},
    {"/* x\n\n*/\nmono { text = \"bold\nitalicx\" }\n", "t.theme:"},
    {"theme { background = \"puce\" }\n", "t.theme: background = \"puce\": one colour is wanted"},
    {"theme { background = \"red bold\" }\n", "t.theme: background = \"red bold\": one colour"},
    {"theme { contrast = much }\n", "t.theme:1: invalid floating point"},
    {"theme { extends = \"nowhere\" }\n", "t.theme: extends \"nowhere\": there is no such theme"},
    {"theme { extends = \"../../etc/passwd\" }\n", "t.theme: extends"},
    {"}", "t.theme:1: "},
    {"\033[31m", "t.theme:1: "},
};

static void broken_files_say_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct theme_file t;
        char why[512] = "";
        memset(&t, 0x5a, sizeof t);
        assert_false(themefile_parse("t.theme", broken[i].text, strlen(broken[i].text), &t, why,
                                     sizeof why));
        if (!strstr(why, broken[i].says))
            fail_msg("row %zu says: %s", i, why);
        assert_int_equal(t.name[0], 0x5a); /* untouched */
    }
    struct theme_file t;
    char why[512];
    assert_false(themefile_parse("t.theme", "a\0b", 3, &t, why, sizeof why));
    assert_non_null(strstr(why, "NUL"));
    assert_false(themefile_read("/nonexistent.theme", &t, why, sizeof why));
    assert_string_equal(why, "/nonexistent.theme: No such file or directory");
    /* libConfuse would end the program here. */
    assert_false(themefile_read("/", &t, why, sizeof why));
    assert_non_null(strstr(why, "is no file"));
}

/* Cut anywhere, a good file is read or refused, and never crashes. */
static void cut_files(void **state)
{
    static const char text[] =
        "theme { name = \"cut\" background = \"#14181d\" } # c\n/* d */\ncolor {\n"
        "  server.perm = \"#e25a71 on #000000 bold\"\n}\nmono { text = 'dim' }\n";
    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        struct theme_file t;
        char why[512] = "";
        bool ok = themefile_parse("cut.theme", text, n, &t, why, sizeof why);
        assert_true(ok || why[0]);
    }
}

static void inheritance(void **state)
{
    static const char text[] =
        "theme { background = \"#101010\" }\n"
        "color {\n text = \"#aaaaaa\"\n server = red\n server.perm = \"#ff0000 bold\"\n"
        " focus = \"blue\"\n key = \"green on white\"\n}\n";
    struct theme_file t;
    char why[512];
    (void)state;
    assert_true(themefile_parse("dir/mine.theme", text, strlen(text), &t, why, sizeof why));
    assert_string_equal(t.name, "mine");
    /* `server` and `focus` are no roles: said, with the line, and passed over. */
    assert_int_equal(t.warnings, 2);
    assert_string_equal(t.warning, "dir/mine.theme:4: color: no such role 'server', passed over");
    struct style s = themefile_style(&t, DEPTH_256, ROLE_SERVER_PERM);
    assert_int_equal(s.fg, COLOR_RGB | 0xff0000);
    assert_int_equal(s.bg, COLOR_RGB | 0x101010);
    assert_int_equal(s.attrs, STYLE_BOLD);
    /* key.label takes from key, cap.new from text. */
    s = themefile_style(&t, DEPTH_256, ROLE_KEY_LABEL);
    assert_int_equal(s.fg, 2);
    assert_int_equal(s.bg, 7);
    s = themefile_style(&t, DEPTH_256, ROLE_CAP_NEW);
    assert_int_equal(s.fg, COLOR_RGB | 0xaaaaaa);
    /* No color16 section: the nearest of 16. No mono: the built-in one, without colour. */
    s = themefile_style(&t, DEPTH_16, ROLE_SERVER_PERM);
    assert_int_equal(s.fg, 9);
    s = themefile_style(&t, DEPTH_MONO, ROLE_SERVER_PERM);
    assert_int_equal(s.fg, COLOR_UNSET);
    assert_int_equal(s.attrs, STYLE_BOLD);
}

static void nearest_colours(void **state)
{
    (void)state;
    assert_int_equal(color_to_256(COLOR_RGB | 0x000000), 16);
    assert_int_equal(color_to_256(COLOR_RGB | 0xffffff), 231);
    assert_int_equal(color_to_256(COLOR_RGB | 0xff0000), 196);
    assert_int_equal(color_to_256(COLOR_RGB | 0x1c1c1c), 234);
    assert_int_equal(color_to_256(7), 7);
    assert_int_equal(color_to_16(COLOR_RGB | 0x00ff00), 10);
    assert_int_equal(color_rgb(196), 0xff0000);
    assert_int_equal(color_rgb(255), 0xeeeeee);
}

static void shipped_themes_are_whole(void **state)
{
    static const char *const names[] = {"terminal",       "dark",           "light",
                                        "contrast-dark",  "contrast-light", "mono",
                                        "solarized-dark", "solarized-light"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct theme_file t;
        char path[4096], why[512];
        snprintf(path, sizeof path, "%s/themes/%s.theme", getenv("top_srcdir"), names[i]);
        if (!themefile_read(path, &t, why, sizeof why))
            fail_msg("%s", why);
        assert_string_equal(t.name, names[i]);
        assert_int_equal(t.warnings, 0);
    }
}

/* The built-in rows and the file that shows how to write one say the same. */
static void terminal_is_terminal(void **state)
{
    struct theme_file file, built;
    char path[4096], why[512];
    (void)state;
    snprintf(path, sizeof path, "%s/themes/terminal.theme", getenv("top_srcdir"));
    assert_true(themefile_read(path, &file, why, sizeof why));
    themefile_builtin(&built);
    for (int d = 0; d < DEPTHS; d++)
        for (int r = 0; r < ROLES; r++) {
            struct style a = themefile_style(&file, (enum depth)d, (enum role)r);
            struct style b = themefile_style(&built, (enum depth)d, (enum role)r);
            if (a.fg != b.fg || a.bg != b.bg || a.attrs != b.attrs)
                fail_msg("role %s differs at depth %d", role_name((enum role)r), d);
            assert_true(built.styles[DEPTH_256][r].set);
        }
}

/* What reaches the terminal: under NO_COLOR no colour sequence, with colours some, after a broken
 * file the default. */
static size_t colours_in(const char *theme, bool no_color)
{
    char why[512], bytes[65536];
    size_t found = 0;
    if (no_color)
        setenv("NO_COLOR", "1", 1);
    else
        unsetenv("NO_COLOR");
    screenful_open(24, 80);
    theme_load(theme, why, sizeof why);
    for (int r = 0; r < ROLES; r++) {
        unsigned long attrs;
        short pair;
        theme_role((enum role)r, &attrs, &pair);
        attr_set((attr_t)attrs, pair, NULL);
        mvaddstr(r % 24, r / 24 * 40, role_name((enum role)r));
    }
    refresh();
    ssize_t n = read(screenful_fd, bytes, sizeof bytes - 1);
    bytes[n > 0 ? n : 0] = 0;
    for (char *p = bytes; (p = strstr(p, "\033[")); p++) {
        int v = atoi(p + 2);
        char end = p[2 + strspn(p + 2, "0123456789;")];
        if (end == 'm')
            found += (v >= 30 && v <= 49) || (v >= 90 && v <= 107);
    }
    screenful_close();
    return found;
}

/* A theme is one file: the list is what lies there, and round it goes. */
static void themes_come_in_turn(void **state)
{
    size_t n;
    char **names = themefile_names(&n), why[512];
    int steps = 0;
    (void)state;
    assert_true(n >= 8);
    for (size_t i = 1; i < n; i++)
        assert_true(strcmp(names[i - 1], names[i]) < 0);
    themefile_names_free(names, n);
    screenful_open(24, 80);
    theme_load(NULL, why, sizeof why);
    do {
        assert_true(theme_load(theme_next(), why, sizeof why));
        steps++;
    } while (strcmp(theme_name(), "terminal") != 0 && steps < 100);
    screenful_close();
    assert_int_equal(steps, (int)n);
}

static void no_color_is_kept(void **state)
{
    (void)state;
    assert_int_equal(colours_in("terminal", true), 0);
    assert_int_equal(colours_in("dark", true), 0);
    assert_int_equal(colours_in("mono", false), 0);
    assert_true(colours_in("terminal", false) > 0);
    assert_true(colours_in("dark", false) > 0);
    assert_true(colours_in("/nonexistent.theme", false) > 0);
    assert_string_equal(theme_name(), "terminal");
}

int main(void)
{
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/themes", getenv("top_srcdir") ? getenv("top_srcdir") : ".");
    setenv("HELOSCOPE_THEMES", dir, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_files_say_where),
        cmocka_unit_test(cut_files),
        cmocka_unit_test(inheritance),
        cmocka_unit_test(nearest_colours),
        cmocka_unit_test(shipped_themes_are_whole),
        cmocka_unit_test(terminal_is_terminal),
        cmocka_unit_test(no_color_is_kept),
        cmocka_unit_test(themes_come_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
