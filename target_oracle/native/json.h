/*
 * JSON as the decoder reads it: one line, strictly RFC 8259, in place.
 *
 * Each function reads at *at and moves it behind what it read; false leaves the line to whoever can say what
 * is wrong with it. A line ends in a line feed or in the NUL that stands behind every bytes object, and
 * neither is part of any JSON value, so nothing reads past the end; only runs of eight bytes at once look at
 * *limit*, the end of the bytes object.
 */

#ifndef TARGET_ORACLE_JSON_H
#define TARGET_ORACLE_JSON_H

#include "buffer.h"

/* Arrays and objects within each other; deeper ones are left to the slow way. */
#define DEEPEST 64

static inline void skip_space(const char **at) {
    while (**at == ' ' || **at == '\t' || **at == '\r') ++*at;
}

static inline bool take_char(const char **at, char wanted) {
    if (**at != wanted) return false;
    ++*at;
    return true;
}

static inline bool take_word(const char **at, const char *word, size_t size) {
    if (strncmp(*at, word, size) != 0) return false;
    *at += size;
    return true;
}

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* --- texts */

#define EACH_BYTE 0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u

/* Nonzero where one of eight bytes is a quote, a backslash, a control character or not of ASCII. */
static inline uint64_t special_of(uint64_t bytes) {
    uint64_t quote = bytes ^ (EACH_BYTE * '"'), backslash = bytes ^ (EACH_BYTE * '\\');
    uint64_t found = (bytes - EACH_BYTE * 0x20) | (quote - EACH_BYTE) | (backslash - EACH_BYTE);
    return ((found & ~bytes) | bytes) & HIGH_BITS;
}

/* Move behind characters of ASCII that stand for themselves. */
static inline const char *skip_plain(const char *at, const char *limit) {
    while (limit - at >= 8) {
        uint64_t bytes;
        memcpy(&bytes, at, 8);
        if (special_of(bytes)) break;
        at += 8;
    }
    while ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\') at++;
    return at;
}

/* How many bytes the UTF-8 character at AT has, 0 where it is none (Unicode, table 3-7). */
static inline int utf8_size(const char *at) {
    const unsigned char *c = (const unsigned char *)at;
    if (c[0] < 0x80) return 1;
    if (c[0] < 0xc2) return 0;
    if ((c[1] & 0xc0) != 0x80) return 0;
    if (c[0] < 0xe0) return 2;
    if ((c[2] & 0xc0) != 0x80) return 0;
    if (c[0] < 0xf0) {
        if (c[0] == 0xe0 && c[1] < 0xa0) return 0; /* shorter ways to write it */
        if (c[0] == 0xed && c[1] > 0x9f) return 0; /* surrogates */
        return 3;
    }
    if (c[0] > 0xf4 || (c[3] & 0xc0) != 0x80) return 0;
    if (c[0] == 0xf0 && c[1] < 0x90) return 0;
    if (c[0] == 0xf4 && c[1] > 0x8f) return 0; /* beyond U+10FFFF */
    return 4;
}

static inline int hex_of(char c) {
    if (is_digit(c)) return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline int32_t take_hex4(const char **at) {
    int32_t code = 0;
    for (int n = 0; n < 4; n++) {
        int digit = hex_of(**at);
        if (digit < 0) return -1;
        code = code * 16 + digit;
        ++*at;
    }
    return code;
}

/* Read what stands behind a backslash; -1 for no escape, and for half of a surrogate pair. */
static inline int32_t take_escape(const char **at) {
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char c = *(*at)++;
    if (c != 'u') {
        for (const char *pair = escapes; *pair; pair += 2)
            if (c == *pair) return (unsigned char)pair[1];
        return -1;
    }
    int32_t code = take_hex4(at);
    if (code < 0xd800 || code > 0xdfff) return code;
    if (code > 0xdbff || (*at)[0] != '\\' || (*at)[1] != 'u') return -1;
    *at += 2;
    int32_t low = take_hex4(at);
    if (low < 0xdc00 || low > 0xdfff) return -1;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static inline char *put_utf8(char *to, int32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* What a text measures once its escapes are gone. */
typedef struct {
    size_t bytes, chars;
} Extent;

/*
 * Read the rest of a string, behind its opening quote, and append what it says to TO. Without memory *lost is
 * set. A text never grows by losing its escapes, so room for the line's rest is room enough.
 */
static inline bool take_text(const char **at, const char *limit, Buffer *to, Extent *extent, bool *lost) {
    size_t bytes = 0, more = 0;
    for (;;) {
        const char *from = *at;
        const char *stop = skip_plain(from, limit);
        int size;
        while ((unsigned char)*stop >= 0x80 && (size = utf8_size(stop)) > 0) {
            more += (size_t)size - 1;
            stop = skip_plain(stop + size, limit);
        }
        size_t run = (size_t)(stop - from);
        if (to->used + bytes + run + 4 > to->room) {
            if (!reserve(to, bytes + run + 4)) {
                *lost = true;
                return false;
            }
        }
        memcpy(to->data + to->used + bytes, from, run);
        bytes += run;
        *at = stop;
        if (*stop == '"') break;
        if (*stop != '\\') return false;
        ++*at;
        int32_t code = take_escape(at);
        if (code < 0) return false;
        char *end = put_utf8(to->data + to->used + bytes, code);
        size_t width = (size_t)(end - (to->data + to->used + bytes));
        bytes += width;
        more += width - 1;
    }
    ++*at;
    *extent = (Extent){bytes, bytes - more};
    return true;
}

/* Move behind the rest of a string whose text nobody wants. */
static inline bool skip_text(const char **at, const char *limit) {
    for (;;) {
        *at = skip_plain(*at, limit);
        unsigned char c = (unsigned char)**at;
        if (c == '"') break;
        if (c == '\\') {
            ++*at;
            if (take_escape(at) < 0) return false;
        } else {
            int size = c >= 0x80 ? utf8_size(*at) : 0;
            if (!size) return false;
            *at += size;
        }
    }
    ++*at;
    return true;
}

/* --- values that nobody looks into */

static inline bool skip_digits(const char **at) {
    if (!is_digit(**at)) return false;
    while (is_digit(**at)) ++*at;
    return true;
}

static inline bool skip_number(const char **at) {
    if (**at == '-') ++*at;
    if (**at == '0') {
        ++*at;
    } else if (!skip_digits(at)) {
        return false;
    }
    if (**at == '.') {
        ++*at;
        if (!skip_digits(at)) return false;
    }
    if (**at == 'e' || **at == 'E') {
        ++*at;
        if (**at == '+' || **at == '-') ++*at;
        if (!skip_digits(at)) return false;
    }
    return true;
}

static bool skip_value(const char **at, const char *limit, int depth);

/* Move behind the members of an object or an array, which END closes, and behind END. */
static bool skip_members(const char **at, const char *limit, int depth, char end) {
    if (depth == 0) return false;
    skip_space(at);
    if (take_char(at, end)) return true;
    do {
        skip_space(at);
        if (end == '}') {
            if (!take_char(at, '"') || !skip_text(at, limit)) return false;
            skip_space(at);
            if (!take_char(at, ':')) return false;
            skip_space(at);
        }
        if (!skip_value(at, limit, depth - 1)) return false;
        skip_space(at);
    } while (take_char(at, ','));
    return take_char(at, end);
}

static bool skip_value(const char **at, const char *limit, int depth) {
    switch (**at) {
    case '"':
        ++*at;
        return skip_text(at, limit);
    case '{':
        ++*at;
        return skip_members(at, limit, depth, '}');
    case '[':
        ++*at;
        return skip_members(at, limit, depth, ']');
    case 't':
        return take_word(at, "true", 4);
    case 'f':
        return take_word(at, "false", 5);
    case 'n':
        return take_word(at, "null", 4);
    default:
        return skip_number(at);
    }
}

#endif
