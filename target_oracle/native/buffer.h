/* Memory that grows: a run of bytes, and a table that finds names. */

#ifndef TARGET_ORACLE_BUFFER_H
#define TARGET_ORACLE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *data;
    size_t used, room;
} Buffer;

/* Make room for MORE bytes behind what is used; false when there is no memory. */
static inline bool reserve(Buffer *buffer, size_t more) {
    size_t wanted = buffer->used + more;
    if (wanted <= buffer->room) return true;
    size_t room = buffer->room ? buffer->room : 64;
    while (room < wanted) room *= 2;
    char *data = realloc(buffer->data, room);
    if (data == NULL) return false;
    buffer->data = data;
    buffer->room = room;
    return true;
}

static inline bool put(Buffer *buffer, const void *data, size_t size) {
    if (!reserve(buffer, size)) return false;
    memcpy(buffer->data + buffer->used, data, size);
    buffer->used += size;
    return true;
}

static inline void drop(Buffer *buffer) {
    free(buffer->data);
    *buffer = (Buffer){0};
}

/* Bytes that somebody else keeps. */
typedef struct {
    const char *data;
    size_t size;
} Slice;

static inline bool same(Slice one, Slice other) {
    return one.size == other.size && memcmp(one.data, other.data, one.size) == 0;
}

/* FNV-1a: names are short, and nobody gains by making a table of a schema's own names slow. */
static inline uint64_t hash_of(const void *data, size_t size, uint64_t seed) {
    const unsigned char *bytes = data;
    uint64_t hash = seed ^ 0xcbf29ce484222325u;
    for (size_t n = 0; n < size; n++) hash = (hash ^ bytes[n]) * 0x100000001b3u;
    return hash;
}

/* Names and where each stands in an array; the names are kept by whoever made the table. */
typedef struct {
    Slice *names;
    int32_t *places;
    uint32_t mask; /* entries less one, a power of two; 0 in a table without memory */
} Table;

static inline bool make_table(Table *table, size_t count) {
    uint32_t entries = 4;
    while (entries < 2 * count) entries *= 2;
    table->names = calloc(entries, sizeof *table->names);
    table->places = malloc(entries * sizeof *table->places);
    if (table->names == NULL || table->places == NULL) return false;
    for (uint32_t n = 0; n < entries; n++) table->places[n] = -1;
    table->mask = entries - 1;
    return true;
}

static inline uint32_t entry_of(const Table *table, Slice name) {
    uint32_t entry = (uint32_t)hash_of(name.data, name.size, 0) & table->mask;
    while (table->places[entry] >= 0 && !same(table->names[entry], name)) entry = (entry + 1) & table->mask;
    return entry;
}

/* Put NAME into a table that make_table made large enough for it. */
static inline void enter(Table *table, Slice name, int32_t place) {
    uint32_t entry = entry_of(table, name);
    table->names[entry] = name;
    table->places[entry] = place;
}

/* The place of NAME, -1 where it is not in the table. */
static inline int32_t find(const Table *table, Slice name) {
    return table->mask ? table->places[entry_of(table, name)] : -1;
}

static inline void drop_table(Table *table) {
    free(table->names);
    free(table->places);
    *table = (Table){0};
}

#endif
