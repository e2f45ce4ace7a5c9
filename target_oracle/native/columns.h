/* Rows as columns: written value by value behind the last whole row, kept once the row is whole. */

#ifndef TARGET_ORACLE_COLUMNS_H
#define TARGET_ORACLE_COLUMNS_H

#include "plan.h"

/* Rows that fit before a column grows for the first time. */
#define FEW_ROWS 64
/* Arrow's string and binary have offsets of 32 bits. */
#define MOST_BYTES ((size_t)INT32_MAX)

typedef struct {
    Kind kind;
    bool large;
    Buffer data;
    Buffer offsets; /* where each text ends, 64 bits each */
    Buffer scales;  /* of decimals, a byte each */
    Buffer valid;   /* a byte a row */
    int64_t nulls;
    size_t pending; /* bytes of a text that stand behind data.used until their row is whole */
    size_t usual;   /* bytes of texts that a batch of the stream came to */
} Column;

static inline size_t width_of(Kind kind) {
    switch (kind) {
    case DECIMAL:
        return sizeof(Wide);
    case BOOLEAN:
        return 1;
    case TEXT:
    case DOCUMENT:
    case BINARY:
        return 0;
    default:
        return 8;
    }
}

static inline bool is_text(Kind kind) { return kind == TEXT || kind == DOCUMENT || kind == BINARY; }

/* Make room for ROWS rows in all; texts grow as they come. */
static inline bool widen(Column *column, size_t rows) {
    if (column->valid.room < rows && !reserve(&column->valid, rows - column->valid.used)) return false;
    if (is_text(column->kind)) {
        size_t wanted = rows * sizeof(int64_t);
        if (column->data.room == 0 && !reserve(&column->data, column->usual + 1)) return false;
        return column->offsets.room >= wanted || reserve(&column->offsets, wanted - column->offsets.used);
    }
    size_t wanted = rows * width_of(column->kind);
    if (column->data.room < wanted && !reserve(&column->data, wanted - column->data.used)) return false;
    return column->kind != DECIMAL || column->scales.room >= rows ||
           reserve(&column->scales, rows - column->scales.used);
}

static inline void drop_column(Column *column) {
    drop(&column->data);
    drop(&column->offsets);
    drop(&column->scales);
    drop(&column->valid);
}

static inline int64_t *int64s(const Buffer *buffer) { return (int64_t *)(void *)buffer->data; }
static inline Wide *wides(const Buffer *buffer) { return (Wide *)(void *)buffer->data; }

/* Keep the value that was written as number ROW, or NULL where none was. */
static inline void keep_value(Column *column, size_t row, bool present) {
    column->valid.data[row] = present;
    column->nulls += !present;
    if (is_text(column->kind)) {
        if (present) column->data.used += column->pending;
        int64s(&column->offsets)[row] = (int64_t)column->data.used;
    } else if (!present) {
        size_t width = width_of(column->kind);
        memset(column->data.data + row * width, 0, width);
        if (column->kind == DECIMAL) column->scales.data[row] = 0;
    }
}

static inline void write_decimal(Column *column, size_t row, Decimal value) {
    wides(&column->data)[row] = value.mantissa;
    column->scales.data[row] = (char)value.scale;
}

/* The text that stands in ROW. */
static inline Slice text_at(const Column *column, size_t row) {
    int64_t start = row ? int64s(&column->offsets)[row - 1] : 0;
    int64_t end = int64s(&column->offsets)[row];
    return (Slice){column->data.data + start, (size_t)(end - start)};
}

/* What stands in ROW as bytes that are equal exactly when values are. */
static inline Slice bytes_at(const Column *column, size_t row) {
    if (is_text(column->kind)) return text_at(column, row);
    size_t width = width_of(column->kind);
    return (Slice){column->data.data + row * width, width};
}

static inline uint64_t hash_at(const Column *column, size_t row, uint64_t seed) {
    Slice bytes = bytes_at(column, row);
    uint64_t hash = hash_of(bytes.data, bytes.size, seed);
    return column->kind == DECIMAL ? hash_of(&column->scales.data[row], 1, hash) : hash;
}

static inline bool equal_at(const Column *column, size_t one, size_t other) {
    if (column->valid.data[one] != column->valid.data[other]) return false;
    if (column->kind == DECIMAL && column->scales.data[one] != column->scales.data[other]) return false;
    return same(bytes_at(column, one), bytes_at(column, other));
}

/* Append what stands in ROW of FROM as row number AT; false when there is no memory. */
static inline bool copy_value(Column *column, size_t at, const Column *from, size_t row) {
    bool present = from->valid.data[row];
    if (is_text(column->kind)) {
        Slice text = text_at(from, row);
        if (!reserve(&column->data, text.size + 1)) return false;
        memcpy(column->data.data + column->data.used, text.data, text.size);
        column->pending = text.size;
    } else {
        size_t width = width_of(column->kind);
        memcpy(column->data.data + at * width, from->data.data + row * width, width);
        if (column->kind == DECIMAL) column->scales.data[at] = from->scales.data[row];
    }
    keep_value(column, at, present);
    return true;
}

#endif
