/* What a stream's records are: the properties that become columns, and what their values must be. */

#ifndef TARGET_ORACLE_PLAN_H
#define TARGET_ORACLE_PLAN_H

#include "form.h"
#include "values.h"

typedef enum {
    INTEGER,  /* int64, and true or false as 1 or 0 */
    DECIMAL,  /* a mantissa and a scale a value */
    DOUBLE,
    BOOLEAN,
    TEXT,     /* UTF-8 */
    DOCUMENT, /* the JSON text of a value, or where strings are allowed what a string says */
    MOMENT,   /* microseconds, UTC */
    DAY,      /* milliseconds, for columns that hold whole seconds */
    BINARY,   /* base64 text */
} Kind;

/* A pattern's automaton over bytes: 256 next states a state; state 0 is the dead one. */
typedef struct {
    const uint16_t *next;
    const char *accepting;
    uint32_t start;
} Automaton;

/* What the values of one column must be; what is not is left to the slow way. */
typedef struct {
    Kind kind;
    bool needed;   /* a record without it is refused */
    bool nullable;
    bool key;      /* never empty */
    bool flag;     /* an INTEGER that JSON writes as true or false */
    bool quoted;   /* a DECIMAL that JSON writes as a string */
    bool large;    /* a text or binary of any length, for a LOB */
    int types;     /* a DOCUMENT's */
    Form *form;    /* its inside, where the schema says anything of that */
    int64_t low, high;         /* INTEGER, bounds included */
    Wide below;                /* DECIMAL: the magnitude is less than this, 0 for no such bound */
    int places;                /* DECIMAL: fraction digits at most */
    Decimal least, most;       /* DECIMAL */
    bool has_least, has_most, over_least, under_most;
    size_t min_chars, max_chars, max_bytes;
    Table choices;             /* texts, where there are any */
    int64_t *numbers;          /* integers, where there are any */
    size_t number_count;
    bool has_pattern;
    Automaton pattern;
} Rule;

/* An object that is looked into: the record, or one whose members are columns of their own. */
typedef struct Node {
    Slice name;
    int32_t column;            /* -1: an object */
    int32_t object;            /* its number among the objects, which may come once a record */
    struct Node *members;
    uint32_t count;
    Table by_name;
} Node;

static inline void drop_node(Node *node) {
    for (uint32_t n = 0; n < node->count; n++) drop_node(&node->members[n]);
    free(node->members);
    drop_table(&node->by_name);
}

static inline bool matches(const Automaton *pattern, const char *text, size_t size) {
    uint32_t state = pattern->start;
    for (size_t n = 0; n < size; n++) state = pattern->next[state * 256 + (unsigned char)text[n]];
    return pattern->accepting[state];
}

#endif
