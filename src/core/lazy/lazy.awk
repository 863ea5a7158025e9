# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the header of a library that is loaded at its first use out of a list of names (LIB.names):
#   include FILE     a header that declares the names
#   define NAME WORD what that header wants to know first
#   NAME             a function (or a variable) that we use
# The header is included instead of the library's own: every NAME in it stands for the same NAME in
# a table that is filled when one of them is first used. See lazy.h for why.
/^[[:space:]]*(#|$)/ { next }
$1 == "include" { includes = includes "#include <" $2 ">\n"; next }
$1 == "define" && NF == 3 { includes = includes "#define " $2 " " $3 "\n"; next }
NF != 1 || $1 !~ /^[A-Za-z_][A-Za-z0-9_]*$/ {
    printf "%s:%d: a line is \"include FILE\", \"define NAME WORD\" or one name of a function, not: %s\n", FILENAME, FNR, $0 > "/dev/stderr"
    failed = 1
    exit 1
}
seen[$1]++ {
    printf "%s:%d: %s stands here twice\n", FILENAME, FNR, $1 > "/dev/stderr"
    failed = 1
    exit 1
}
{ names[++n] = $1 }
END {
    if (failed)
        exit 1
    printf "/* Written by lazy.awk from %s.names. */\n", lib
    printf "#ifndef HELOSCOPE_LAZY_%s_H\n#define HELOSCOPE_LAZY_%s_H\n%s", toupper(lib), toupper(lib), includes
    print "#include \"core/lazy/lazy.h\"\n#ifdef HELO_LAZY"
    printf "#define LAZY_NAMES_%s(X)", lib
    for (i = 1; i <= n; i++)
        printf " \\\n    X(%s)", names[i]
    printf "\nstruct lazy_%s {\n#define X(name) __typeof__(&name) name##_;\n    LAZY_NAMES_%s(X)\n#undef X\n};\n", lib, lib
    printf "extern struct lazy_%s lazy_table_%s;\nextern struct lazy_library lazy_library_%s;\n", lib, lib, lib
    printf "static inline const struct lazy_%s *lazy_%s(void)\n{\n", lib, lib
    printf "    if (!lazy_library_%s.there)\n        lazy_must(&lazy_library_%s);\n    return &lazy_table_%s;\n}\n", lib, lib, lib
    for (i = 1; i <= n; i++)
        printf "#undef %s\n#define %s (*lazy_%s()->%s_)\n", names[i], names[i], lib, names[i]
    print "#endif\n#endif"
}
