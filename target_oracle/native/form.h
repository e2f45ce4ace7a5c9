/* What a schema says of the inside of a document: types, members, items. */

#ifndef TARGET_ORACLE_FORM_H
#define TARGET_ORACLE_FORM_H

#include "json.h"

/* First bytes of JSON values, a bit each; a NUMBER may be an INTEGER alone. */
enum { A_STRING = 1, AN_OBJECT = 2, AN_ARRAY = 4, A_NUMBER = 8, A_BOOLEAN = 16, A_NULL = 32, AN_INTEGER = 64 };

/* Members that an object must have, at most: a bit each. */
#define MOST_REQUIRED 64

typedef struct Form {
    int types;
    Table names;
    struct Form *members;
    uint32_t count;
    uint64_t *bits;    /* of each member: its bit where it is required, else 0 */
    uint64_t required; /* all of these bits */
    struct Form *items; /* NULL: items of any form */
} Form;

static inline void drop_form(Form *form) {
    for (uint32_t n = 0; n < form->count; n++) drop_form(&form->members[n]);
    free(form->members);
    free(form->bits);
    drop_table(&form->names);
    if (form->items) drop_form(form->items);
    free(form->items);
}

static inline int type_at(const char *at) {
    switch (*at) {
    case '"':
        return A_STRING;
    case '{':
        return AN_OBJECT;
    case '[':
        return AN_ARRAY;
    case 't':
    case 'f':
        return A_BOOLEAN;
    case 'n':
        return A_NULL;
    default:
        return A_NUMBER;
    }
}

static bool skip_formed(const char **at, const char *limit, const Form *form, int depth);

/* Move behind a member of an object, its name and its value; note in *found that it came. */
static bool skip_member(const char **at, const char *limit, const Form *form, int depth, uint64_t *found) {
    if (!take_char(at, '"')) return false;
    Slice name = {*at, 0};
    if (!skip_text(at, limit)) return false;
    name.size = (size_t)(*at - name.data) - 1;
    if (memchr(name.data, '\\', name.size)) return false; /* it may be any name */
    skip_space(at);
    if (!take_char(at, ':')) return false;
    skip_space(at);
    int32_t place = find(&form->names, name);
    if (place < 0) return skip_value(at, limit, depth);
    *found |= form->bits[place];
    return skip_formed(at, limit, &form->members[place], depth);
}

static bool skip_object(const char **at, const char *limit, const Form *form, int depth) {
    uint64_t found = 0;
    skip_space(at);
    if (take_char(at, '}')) return form->required == 0;
    do {
        skip_space(at);
        if (!skip_member(at, limit, form, depth, &found)) return false;
        skip_space(at);
    } while (take_char(at, ','));
    return take_char(at, '}') && found == form->required;
}

static bool skip_items(const char **at, const char *limit, const Form *form, int depth) {
    skip_space(at);
    if (take_char(at, ']')) return true;
    do {
        skip_space(at);
        if (!skip_formed(at, limit, form->items, depth)) return false;
        skip_space(at);
    } while (take_char(at, ','));
    return take_char(at, ']');
}

/* Move behind a value of FORM; false for any other, and for those that only the slow way can judge. */
static bool skip_formed(const char **at, const char *limit, const Form *form, int depth) {
    const char *from = *at;
    int type = type_at(from);
    if (type == A_NUMBER && !(form->types & A_NUMBER)) {
        if (!(form->types & AN_INTEGER) || !skip_number(at)) return false;
        for (; from < *at; from++)
            if (*from == '.' || *from == 'e' || *from == 'E') return false;
        return true;
    }
    if (!(form->types & type) || depth == 0) return false;
    if (type == AN_OBJECT && form->count) {
        ++*at;
        return skip_object(at, limit, form, depth - 1);
    }
    if (type == AN_ARRAY && form->items) {
        ++*at;
        return skip_items(at, limit, form, depth - 1);
    }
    return skip_value(at, limit, depth);
}

#endif
