/* One line -> one row: the message, its record, each value behind the last whole row of its column. */

#ifndef TARGET_ORACLE_DECODING_H
#define TARGET_ORACLE_DECODING_H

#include "columns.h"
#include "planning.h"

/* Rows that gather for one array, and what may still be added to them. */
typedef struct {
    Plan *plan;
    Column *columns;
    size_t rows, room;   /* whole rows, and rows that there is memory for */
    size_t usual;        /* rows that a batch of the stream came to */
    char *seen;          /* a byte a column: the row that is read has a value or null there */
    char *entered;       /* a byte an object: it has come in this record */
    int64_t empty;       /* texts that became NULL */
    int64_t newly_empty; /* the same, of the row that is read */
} Rows;

enum { NOT_SEEN = 0, IS_NULL = 1, IS_VALUE = 2 };

/*
 * Where a line is read, and what stands in the way of its row. The first value that its column refuses is
 * passed over, as are names that no column takes: where nothing else is wrong with the line, all that is left
 * to ask is what the value is, which Python knows.
 */
typedef struct {
    const char *at, *limit;
    bool lost;                      /* there was no memory */
    bool has_stranger;              /* a name was passed over that the plan does not tolerate */
    const char *refused, *after;    /* the value that was passed over */
    uint32_t column;                /* whose it is */
} Input;

/* Tell whether nothing of the line was passed over. */
static bool is_row(const Input *input) { return !input->refused && !input->has_stranger; }

static bool make_room(Rows *rows) {
    if (rows->rows < rows->room) return true;
    size_t wanted = rows->room ? 2 * rows->room : rows->usual > FEW_ROWS ? rows->usual : FEW_ROWS;
    for (uint32_t n = 0; n < rows->plan->count; n++)
        if (!widen(&rows->columns[n], wanted)) return false;
    rows->room = wanted;
    return true;
}

/* --- values */

static bool in_numbers(const Rule *rule, int64_t value) {
    if (rule->numbers == NULL) return true;
    for (size_t n = 0; n < rule->number_count; n++)
        if (rule->numbers[n] == value) return true;
    return false;
}

static bool take_flag(Input *input, int64_t *value) {
    *value = *input->at == 't';
    return *value ? take_word(&input->at, "true", 4) : take_word(&input->at, "false", 5);
}

static bool decode_integer(Input *input, const Rule *rule, Column *column, size_t row) {
    int64_t value;
    if (rule->flag ? !take_flag(input, &value) : !take_integer(&input->at, &value)) return false;
    if (value < rule->low || value > rule->high || !in_numbers(rule, value)) return false;
    int64s(&column->data)[row] = value;
    return true;
}

static bool fits_decimal(const Rule *rule, Decimal value) {
    if (value.scale > rule->places) return false;
    if (rule->below) {
        Wide magnitude = value.mantissa < 0 ? -value.mantissa : value.mantissa, bound;
        if (!__builtin_mul_overflow(rule->below, tens[value.scale], &bound) && magnitude >= bound) return false;
    }
    if (rule->has_least && compare(value, rule->least) < rule->over_least) return false;
    return !rule->has_most || compare(value, rule->most) <= -rule->under_most;
}

static bool decode_decimal(Input *input, const Rule *rule, Column *column, size_t row) {
    Decimal value;
    bool quoted = rule->quoted && take_char(&input->at, '"');
    if (!take_decimal(&input->at, &value, quoted)) return false;
    if (quoted && !take_char(&input->at, '"')) return false;
    if (!fits_decimal(rule, value)) return false;
    write_decimal(column, row, value);
    return true;
}

static bool decode_double(Input *input, Column *column, size_t row) {
    double value;
    if (!take_double(&input->at, &value)) return false;
    memcpy(column->data.data + row * sizeof value, &value, sizeof value);
    return true;
}

static bool decode_boolean(Input *input, Column *column, size_t row) {
    int64_t value;
    if (!take_flag(input, &value)) return false;
    column->data.data[row] = (char)value;
    return true;
}

/* Tell whether the text of EXTENT that stands behind what COLUMN keeps is one that RULE takes. */
static bool fits_text(const Rule *rule, const Column *column, Extent extent) {
    if (extent.bytes > rule->max_bytes || extent.chars > rule->max_chars || extent.chars < rule->min_chars)
        return false;
    if (!column->large && column->data.used + extent.bytes > MOST_BYTES) return false;
    Slice text = {column->data.data + column->data.used, extent.bytes};
    if (rule->choices.mask && find(&rule->choices, text) < 0) return false;
    return !rule->has_pattern || matches(&rule->pattern, text.data, text.size);
}

/* Note a text of EXTENT, which as an empty one is NULL; false where it may not be. */
static int keep_text(const Rule *rule, Rows *rows, Column *column, Extent extent) {
    if (extent.bytes == 0) {
        rows->newly_empty++;
        return rule->key ? -1 : IS_NULL;
    }
    column->pending = extent.bytes;
    return IS_VALUE;
}

/* What came of a value: -1 where it is refused, else what `seen` says of it. */
static int decode_text(Input *input, const Rule *rule, Rows *rows, Column *column) {
    Extent extent;
    if (!take_char(&input->at, '"')) return -1;
    if (!take_text(&input->at, input->limit, &column->data, &extent, &input->lost)) return -1;
    return fits_text(rule, column, extent) ? keep_text(rule, rows, column, extent) : -1;
}

static size_t characters(const char *text, size_t size) {
    size_t count = 0;
    for (size_t n = 0; n < size; n++) count += ((unsigned char)text[n] & 0xc0) != 0x80;
    return count;
}

static int decode_document(Input *input, const Rule *rule, Rows *rows, Column *column) {
    if (!(type_at(input->at) & rule->types)) return -1;
    if (*input->at == '"') return decode_text(input, rule, rows, column);
    const char *from = input->at;
    if (rule->form ? !skip_formed(&input->at, input->limit, rule->form, DEEPEST)
                   : !skip_value(&input->at, input->limit, DEEPEST))
        return -1;
    size_t size = (size_t)(input->at - from);
    if (!reserve(&column->data, size)) {
        input->lost = true;
        return -1;
    }
    memcpy(column->data.data + column->data.used, from, size);
    size_t chars = rule->max_chars == SIZE_MAX ? size : characters(from, size);
    return fits_text(rule, column, (Extent){size, chars}) ? keep_text(rule, rows, column, (Extent){size, chars})
                                                          : -1;
}

/* Tell whether an empty string stands here, which is NULL, and move behind it. */
static bool take_empty(Input *input, Rows *rows) {
    if (input->at[0] != '"' || input->at[1] != '"') return false;
    input->at += 2;
    rows->newly_empty++;
    return true;
}

static int decode_moment(Input *input, const Rule *rule, Rows *rows, Column *column, size_t row) {
    int64_t micros;
    if (!rule->key && take_empty(input, rows)) return IS_NULL;
    if (!take_char(&input->at, '"') || !take_moment(&input->at, &micros)) return -1;
    int64s(&column->data)[row] = micros;
    return IS_VALUE;
}

static int decode_day(Input *input, const Rule *rule, Rows *rows, Column *column, size_t row) {
    int64_t days;
    if (!rule->key && take_empty(input, rows)) return IS_NULL;
    if (!take_char(&input->at, '"') || !take_day(&input->at, &days) || !take_char(&input->at, '"')) return -1;
    int64s(&column->data)[row] = days * (DAY_MICROS / 1000);
    return IS_VALUE;
}

static int decode_binary(Input *input, const Rule *rule, Rows *rows, Column *column) {
    if (!take_char(&input->at, '"')) return -1;
    const char *from = input->at;
    while (base64_of((unsigned char)*input->at) >= 0 || *input->at == '=') input->at++;
    size_t size = (size_t)(input->at - from), written = 0;
    if (!take_char(&input->at, '"')) return -1;
    if (!reserve(&column->data, size + 1)) {
        input->lost = true;
        return -1;
    }
    if (!put_base64(from, size, &column->data, &written)) return -1;
    Extent extent = {written, written};
    return fits_text(rule, column, extent) ? keep_text(rule, rows, column, extent) : -1;
}

static int decode_present(Input *input, Rows *rows, uint32_t n) {
    const Rule *rule = &rows->plan->rules[n];
    Column *column = &rows->columns[n];
    size_t row = rows->rows;
    switch (rule->kind) {
    case INTEGER:
        return decode_integer(input, rule, column, row) ? IS_VALUE : -1;
    case DECIMAL:
        if (rule->quoted && !rule->key && take_empty(input, rows)) return IS_NULL;
        return decode_decimal(input, rule, column, row) ? IS_VALUE : -1;
    case DOUBLE:
        return decode_double(input, column, row) ? IS_VALUE : -1;
    case BOOLEAN:
        return decode_boolean(input, column, row) ? IS_VALUE : -1;
    case TEXT:
        return decode_text(input, rule, rows, column);
    case DOCUMENT:
        return decode_document(input, rule, rows, column);
    case MOMENT:
        return decode_moment(input, rule, rows, column, row);
    case DAY:
        return decode_day(input, rule, rows, column, row);
    case BINARY:
        return decode_binary(input, rule, rows, column);
    }
    return -1;
}

static bool decode_value(Input *input, Rows *rows, uint32_t n) {
    int seen = -1;
    if (rows->seen[n] != NOT_SEEN) return false; /* twice in one record */
    if (*input->at == 'n') {
        if (rows->plan->rules[n].nullable && take_word(&input->at, "null", 4)) seen = IS_NULL;
    } else {
        seen = decode_present(input, rows, n);
    }
    rows->seen[n] = (char)seen;
    return seen >= 0;
}

/* --- records */

static bool decode_object(Input *input, Rows *rows, const Node *node);

/* Read a member's name, and find it; NULL with *known false is a refusal, with *known true a stranger. */
static const Node *take_name(Input *input, const Node *node, uint32_t *next, bool *known) {
    *known = false;
    if (!take_char(&input->at, '"')) return NULL;
    if (*next < node->count) {
        const Node *expected = &node->members[*next];
        size_t size = expected->name.size;
        if ((size_t)(input->limit - input->at) > size && input->at[size] == '"' &&
            memcmp(input->at, expected->name.data, size) == 0) {
            input->at += size + 1;
            ++*next;
            return expected;
        }
    }
    const char *from = input->at;
    if (!skip_text(&input->at, input->limit)) return NULL;
    size_t size = (size_t)(input->at - from) - 1;
    if (memchr(from, '\\', size)) return NULL; /* it may be any name */
    int32_t place = find(&node->by_name, (Slice){from, size});
    *known = true;
    if (place < 0) return NULL;
    *next = (uint32_t)place + 1;
    return &node->members[place];
}

/* Pass over the value at START, which column N refused. */
static bool pass_over(Input *input, Rows *rows, uint32_t n, const char *start) {
    if (input->lost || input->refused) return false;
    input->at = input->refused = start;
    input->column = n;
    rows->seen[n] = IS_NULL;
    if (!skip_value(&input->at, input->limit, DEEPEST)) return false;
    input->after = input->at;
    return true;
}

static bool decode_property(Input *input, Rows *rows, uint32_t n) {
    const char *start = input->at;
    if (rows->seen[n] != NOT_SEEN) return false; /* twice in one record */
    return decode_value(input, rows, n) || pass_over(input, rows, n, start);
}

static bool decode_member(Input *input, Rows *rows, const Node *node, uint32_t *next) {
    bool known;
    const Node *member = take_name(input, node, next, &known);
    if (member == NULL && !known) return false;
    skip_space(&input->at);
    if (!take_char(&input->at, ':')) return false;
    skip_space(&input->at);
    if (member == NULL) {
        if (!rows->plan->tolerant && node == &rows->plan->record) input->has_stranger = true;
        return skip_value(&input->at, input->limit, DEEPEST);
    }
    if (member->column >= 0) return decode_property(input, rows, (uint32_t)member->column);
    if (rows->entered[member->object]) return false; /* the second one takes the place of the first */
    rows->entered[member->object] = 1;
    return decode_object(input, rows, member);
}

static bool decode_object(Input *input, Rows *rows, const Node *node) {
    uint32_t next = 0;
    if (!take_char(&input->at, '{')) return false;
    skip_space(&input->at);
    if (take_char(&input->at, '}')) return true;
    do {
        skip_space(&input->at);
        if (!decode_member(input, rows, node, &next)) return false;
        skip_space(&input->at);
    } while (take_char(&input->at, ','));
    return take_char(&input->at, '}');
}

/* --- messages */

static void begin_row(Rows *rows) {
    memset(rows->seen, NOT_SEEN, rows->plan->count);
    memset(rows->entered, 0, rows->plan->objects);
    rows->newly_empty = 0;
}

/* Tell whether the row that was read has all that it needs. */
static bool is_complete(const Rows *rows) {
    const Plan *plan = rows->plan;
    for (uint32_t n = 0; n < plan->properties; n++)
        if (rows->seen[n] == NOT_SEEN && plan->rules[n].needed) return false;
    return true;
}

/* Keep the row that was read. */
static void end_row(Rows *rows) {
    for (uint32_t n = 0; n < rows->plan->filled; n++)
        keep_value(&rows->columns[n], rows->rows, rows->seen[n] == IS_VALUE);
    rows->empty += rows->newly_empty;
    rows->rows++;
}

#endif
