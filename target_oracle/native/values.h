/*
 * Numbers and times: JSON text -> exact values.
 *
 * As in json.h, false leaves the value to the slow way, which knows every notation and says what is wrong.
 */

#ifndef TARGET_ORACLE_VALUES_H
#define TARGET_ORACLE_VALUES_H

#include "json.h"

/* --- numbers */

__extension__ typedef __int128 Wide;

/* Digits that Arrow's decimal128 and Oracle's NUMBER hold for certain. */
#define DIGITS 38

static Wide tens[DIGITS + 1];

static inline void fill_tens(void) {
    tens[0] = 1;
    for (int n = 1; n <= DIGITS; n++) tens[n] = tens[n - 1] * 10;
}

/* mantissa / 10**scale; a fraction does not end in zeros, and zero is 0 / 1. */
typedef struct {
    Wide mantissa;
    int scale;
} Decimal;

/* Read an integer of at most eighteen digits. */
static inline bool take_integer(const char **at, int64_t *value) {
    const char *from = *at;
    bool negative = *from == '-';
    from += negative;
    const char *digit = from;
    uint64_t found = 0;
    while (is_digit(*digit) && digit - from < 18) found = found * 10 + (uint64_t)(*digit++ - '0');
    ptrdiff_t count = digit - from;
    if (count == 0 || (*from == '0' && count > 1)) return false;
    if (is_digit(*digit) || *digit == '.' || *digit == 'e' || *digit == 'E') return false;
    *value = negative ? -(int64_t)found : (int64_t)found;
    *at = digit;
    return true;
}

/* Append COUNT digits, zeros but for the last one, DIGIT. */
static inline bool append_digits(Wide *mantissa, int *digits, int count, int digit) {
    if (*mantissa == 0) {
        *mantissa = digit;
        *digits = 1;
        return true;
    }
    if ((*digits += count) > DIGITS) return false;
    *mantissa = *mantissa * tens[count] + digit;
    return true;
}

static inline bool take_exponent(const char **at, int *exponent) {
    bool negative = **at == '-';
    if (**at == '-' || **at == '+') ++*at;
    const char *from = *at;
    int found = 0;
    while (is_digit(**at) && *at - from < 4) found = found * 10 + (*(*at)++ - '0');
    *exponent = negative ? -found : found;
    return *at > from && !is_digit(**at);
}

/* Bring a value with an exponent into the form that Decimal promises. */
static inline bool normalise(Decimal *value, int digits) {
    if (value->mantissa == 0) {
        value->scale = 0;
        return true;
    }
    while (value->scale > 0 && value->mantissa % 10 == 0) {
        value->mantissa /= 10;
        value->scale--;
    }
    if (value->scale < 0) {
        if (digits - value->scale > DIGITS) return false;
        value->mantissa *= tens[-value->scale];
        value->scale = 0;
    }
    return true;
}

/* Read a number of at most DIGITS digits and as many places, as JSON writes it or, LOOSE, as text may. */
static inline bool take_decimal(const char **at, Decimal *value, bool loose) {
    const char *from = *at;
    bool negative = *from == '-';
    if (negative || (loose && *from == '+')) from++;
    const char *digit = from;
    Wide mantissa = 0;
    int digits = 0, scale = 0, zeros = 0, exponent = 0;
    for (; is_digit(*digit); digit++) {
        if (mantissa == 0) {
            mantissa = *digit - '0';
            digits = mantissa != 0;
        } else if (!append_digits(&mantissa, &digits, 1, *digit - '0')) {
            return false;
        }
    }
    ptrdiff_t whole = digit - from, places = 0;
    if (!loose && (whole == 0 || (*from == '0' && whole > 1))) return false;
    if (*digit == '.') {
        const char *first = ++digit;
        for (; is_digit(*digit); digit++) {
            if (*digit == '0') {
                zeros++;
                continue;
            }
            if (!append_digits(&mantissa, &digits, zeros + 1, *digit - '0')) return false;
            scale += zeros + 1;
            zeros = 0;
        }
        places = digit - first;
        if (!loose && places == 0) return false;
    }
    if (whole + places == 0) return false;
    *value = (Decimal){negative ? -mantissa : mantissa, scale};
    if (*digit == 'e' || *digit == 'E') {
        digit++;
        if (!take_exponent(&digit, &exponent)) return false;
        value->scale -= exponent;
        if (!normalise(value, digits)) return false;
    }
    *at = digit;
    return value->scale <= DIGITS;
}

/* -1, 0 or 1 as ONE is less than, equal to or greater than OTHER. */
static inline int compare(Decimal one, Decimal other) {
    int sign = one.scale < other.scale ? 1 : -1;
    Decimal coarse = sign > 0 ? one : other, fine = sign > 0 ? other : one;
    Wide factor = tens[fine.scale - coarse.scale], scaled;
    if (__builtin_mul_overflow(coarse.mantissa, factor, &scaled))
        return (coarse.mantissa > 0 ? 1 : -1) * sign;
    return scaled == fine.mantissa ? 0 : (scaled > fine.mantissa ? 1 : -1) * sign;
}

/* Read a number as the binary double that is nearest to it. */
static inline bool take_double(const char **at, double *value) {
    char text[64];
    const char *from = *at;
    if (!skip_number(at) || *at - from >= (ptrdiff_t)sizeof text) return false;
    memcpy(text, from, (size_t)(*at - from));
    text[*at - from] = '\0';
    char *end;
    *value = strtod(text, &end);
    return *end == '\0' && *value - *value == 0; /* an infinity less itself is no zero */
}

/* --- times, in microseconds from 1970 on, UTC */

#define DAY_MICROS INT64_C(86400000000)
#define FIRST_MICROS (INT64_C(-719162) * DAY_MICROS)       /* 0001-01-01 */
#define BEYOND_MICROS (INT64_C(2932897) * DAY_MICROS)      /* 10000-01-01 */

static inline bool take_number_of(const char **at, int count, int *value) {
    *value = 0;
    for (int n = 0; n < count; n++) {
        if (!is_digit(**at)) return false;
        *value = *value * 10 + (*(*at)++ - '0');
    }
    return true;
}

/* Days from 1970-01-01 to the day YEAR-MONTH-DAY of the Gregorian calendar, as if it had always been. */
static inline int64_t days_to(int year, int month, int day) {
    year -= month <= 2;
    int era = year / 400, of_era = year - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static inline bool take_day(const char **at, int64_t *days) {
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_number_of(at, 4, &year) || !take_char(at, '-') || !take_number_of(at, 2, &month) ||
        !take_char(at, '-') || !take_number_of(at, 2, &day))
        return false;
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1]) return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2 && day == 29 && !leap) return false;
    *days = days_to(year, month, day);
    return true;
}

/* Read a fraction of a second; digits beyond microseconds are left to the slow way unless they are zeros. */
static inline bool take_fraction(const char **at, int64_t *micros) {
    int64_t unit = 100000;
    if (!is_digit(**at)) return false;
    for (; is_digit(**at); ++*at) {
        if (unit == 0 && **at != '0') return false;
        *micros += (**at - '0') * unit;
        unit /= 10;
    }
    return true;
}

/* Read Z, an offset of hours and minutes, or nothing, which is UTC as well. */
static inline bool take_zone(const char **at, int64_t *micros) {
    int hours, minutes;
    char sign = **at;
    if (sign == 'Z' || sign == 'z') {
        ++*at;
        return true;
    }
    if (sign != '+' && sign != '-') return true;
    ++*at;
    if (!take_number_of(at, 2, &hours) || !take_char(at, ':') || !take_number_of(at, 2, &minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    int64_t offset = (hours * 60 + minutes) * INT64_C(60000000);
    *micros += sign == '-' ? offset : -offset;
    return true;
}

/* Read the rest of a string, behind its opening quote, that holds a date-time of RFC 3339. */
static inline bool take_moment(const char **at, int64_t *micros) {
    int64_t days;
    int hour, minute, second;
    if (!take_day(at, &days) || (**at != 'T' && **at != ' ')) return false;
    ++*at;
    if (!take_number_of(at, 2, &hour) || !take_char(at, ':') || !take_number_of(at, 2, &minute) ||
        !take_char(at, ':') || !take_number_of(at, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    *micros = days * DAY_MICROS + ((hour * 60 + minute) * 60 + second) * INT64_C(1000000);
    if (**at == '.') {
        ++*at;
        if (!take_fraction(at, micros)) return false;
    }
    if (!take_zone(at, micros) || !take_char(at, '"')) return false;
    return *micros >= FIRST_MICROS && *micros < BEYOND_MICROS;
}

/* --- bytes */

static inline int base64_of(unsigned char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Append the bytes of SIZE characters of base64, in whole groups of four, to TO, which has room for them. */
static inline bool put_base64(const char *text, size_t size, Buffer *to, size_t *written) {
    unsigned char *out = (unsigned char *)to->data + to->used;
    size_t groups = size / 4, done = 0;
    if (size % 4) return false;
    for (size_t n = 0; n < groups; n++, text += 4) {
        int padding = n + 1 == groups ? (text[3] == '=') + (text[3] == '=' && text[2] == '=') : 0;
        int32_t bits = 0;
        for (int k = 0; k < 4; k++) {
            int value = k >= 4 - padding ? 0 : base64_of((unsigned char)text[k]);
            if (value < 0) return false;
            bits = bits << 6 | value;
        }
        if (padding && bits & (padding == 1 ? 0xff : 0xffff)) return false; /* bits that no byte has */
        out[done++] = (unsigned char)(bits >> 16);
        if (padding < 2) out[done++] = (unsigned char)(bits >> 8);
        if (padding < 1) out[done++] = (unsigned char)bits;
    }
    *written = done;
    return true;
}

#endif
