/*
 * Columns -> an Arrow stream of one batch, which the driver binds without looking at a Python object.
 *
 * The structures are those of the Arrow C data and C stream interfaces (arrow.apache.org, "The Arrow C data
 * interface"). Buffers stay the columns' own: each array holds a reference to whoever keeps them.
 */

#ifndef TARGET_ORACLE_ARROW_H
#define TARGET_ORACLE_ARROW_H

#include <Python.h>

#include "columns.h"

struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#define NULLABLE 2

/* A column as Arrow has it: its format, and buffers whose memory is the export's own or the column's. */
typedef struct {
    char format[16];
    int64_t nulls;
    void *validity, *offsets, *data; /* the first two are the export's own */
    bool owns_data;
} Shape;

/* What a stream and its arrays share; *keeper* holds the memory of the columns. */
typedef struct {
    int64_t references;
    PyObject *keeper;
    Shape *shapes;
    int64_t count, rows;
    bool given; /* the one batch of the stream */
} Export;

static void let_go(Export *export) {
    if (--export->references) return;
    for (int64_t n = 0; n < export->count; n++) {
        free(export->shapes[n].validity);
        free(export->shapes[n].offsets);
        if (export->shapes[n].owns_data) free(export->shapes[n].data);
    }
    free(export->shapes);
    Py_DECREF(export->keeper);
    free(export);
}

/* --- schema */

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t n = 0; n < schema->n_children; n++) {
        if (schema->children[n]->release) schema->children[n]->release(schema->children[n]);
        free(schema->children[n]);
    }
    free(schema->children);
    free(schema->private_data);
    schema->release = NULL;
}

static bool set_schema(struct ArrowSchema *schema, const char *format, int64_t children) {
    char *kept = strdup(format);
    *schema = (struct ArrowSchema){
        .format = kept, .name = "", .flags = NULLABLE, .release = release_schema, .private_data = kept};
    if (children) schema->children = calloc((size_t)children, sizeof *schema->children);
    return kept != NULL && (!children || schema->children != NULL);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema) {
    Export *export = stream->private_data;
    bool made = set_schema(schema, "+s", export->count);
    for (int64_t n = 0; made && n < export->count; n++) {
        struct ArrowSchema *child = calloc(1, sizeof *child);
        if (child == NULL) made = false;
        else {
            schema->children[schema->n_children++] = child;
            made = set_schema(child, export->shapes[n].format, 0);
        }
    }
    if (!made) release_schema(schema);
    return made ? 0 : 12; /* ENOMEM */
}

/* --- arrays */

static void release_array(struct ArrowArray *array) {
    PyGILState_STATE state = PyGILState_Ensure();
    for (int64_t n = 0; n < array->n_children; n++) {
        if (array->children[n]->release) array->children[n]->release(array->children[n]);
        free(array->children[n]);
    }
    free(array->children);
    free(array->buffers);
    array->release = NULL;
    let_go(array->private_data);
    PyGILState_Release(state);
}

static bool set_array(struct ArrowArray *array, Export *export, int64_t buffers, int64_t children) {
    *array = (struct ArrowArray){
        .length = export->rows, .n_buffers = buffers, .release = release_array, .private_data = export};
    export->references++;
    array->buffers = calloc((size_t)buffers, sizeof *array->buffers);
    if (children) array->children = calloc((size_t)children, sizeof *array->children);
    return array->buffers != NULL && (!children || array->children != NULL);
}

static bool set_column(struct ArrowArray *array, Export *export, const Shape *shape) {
    if (!set_array(array, export, shape->offsets ? 3 : 2, 0)) return false;
    array->null_count = shape->nulls;
    array->buffers[0] = shape->validity;
    array->buffers[1] = shape->offsets ? shape->offsets : shape->data;
    if (shape->offsets) array->buffers[2] = shape->data;
    return true;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *array) {
    Export *export = stream->private_data;
    if (export->given) {
        *array = (struct ArrowArray){0};
        return 0;
    }
    export->given = true;
    bool made = set_array(array, export, 1, export->count);
    for (int64_t n = 0; made && n < export->count; n++) {
        struct ArrowArray *child = calloc(1, sizeof *child);
        if (child == NULL) made = false;
        else {
            array->children[array->n_children++] = child;
            made = set_column(child, export, &export->shapes[n]);
        }
    }
    if (!made) release_array(array);
    return made ? 0 : 12;
}

/* --- the stream */

static const char *get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
    PyGILState_STATE state = PyGILState_Ensure();
    stream->release = NULL;
    let_go(stream->private_data);
    PyGILState_Release(state);
}

static void destroy_capsule(PyObject *capsule) {
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    if (stream->release) stream->release(stream);
    free(stream);
}

/* Return a capsule for EXPORT, whose first reference it takes; NULL with an exception. */
static PyObject *stream_of(Export *export) {
    struct ArrowArrayStream *stream = malloc(sizeof *stream);
    PyObject *capsule = NULL;
    if (stream == NULL) {
        PyErr_NoMemory();
    } else {
        *stream = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, export};
        capsule = PyCapsule_New(stream, "arrow_array_stream", destroy_capsule);
        if (capsule) return capsule;
        free(stream);
    }
    let_go(export);
    return NULL;
}

/* --- columns as Arrow has them */

/* Set a bit for each of ROWS bytes that is not 0. */
static void *bits_of(const char *bytes, size_t rows) {
    unsigned char *bits = calloc(rows / 8 + 1, 1);
    for (size_t n = 0; bits && n < rows; n++) bits[n / 8] |= (unsigned char)((bytes[n] != 0) << (n % 8));
    return bits;
}

/* Arrow's offsets, one more than there are rows, of 32 bits or, LARGE, 64. */
static void *offsets_of(const int64_t *ends, size_t rows, bool large) {
    void *offsets = calloc(rows + 1, large ? 8 : 4);
    if (offsets == NULL) return NULL;
    if (large) {
        memcpy((int64_t *)offsets + 1, ends, rows * 8);
    } else {
        int32_t *to = offsets;
        for (size_t n = 0; n < rows; n++) to[n + 1] = (int32_t)ends[n];
    }
    return offsets;
}

static int most_places(const Column *column, size_t rows) {
    int most = 0;
    for (size_t n = 0; n < rows; n++)
        if (column->scales.data[n] > most) most = column->scales.data[n];
    return most;
}

/* Whole numbers as int64, where all of them fit; NULL where they do not, or without memory. */
static int64_t *integers_of(const Column *column, size_t rows) {
    int64_t *numbers = malloc(rows * sizeof *numbers + 1);
    for (size_t n = 0; numbers && n < rows; n++) {
        Wide value = wides(&column->data)[n];
        numbers[n] = (int64_t)value;
        if (numbers[n] != value) {
            free(numbers);
            return NULL;
        }
    }
    return numbers;
}

/* Bring decimals to one scale; false where one of them has no room for that. */
static bool rescale(Column *column, size_t rows, int places) {
    for (size_t n = 0; n < rows; n++) {
        Wide *value = &wides(&column->data)[n], scaled;
        if (__builtin_mul_overflow(*value, tens[places - column->scales.data[n]], &scaled)) return false;
        if (scaled >= tens[DIGITS] || scaled <= -tens[DIGITS]) return false;
        *value = scaled;
        column->scales.data[n] = (char)places;
    }
    return true;
}

static bool shape_decimals(Shape *shape, Column *column, size_t rows) {
    int places = most_places(column, rows);
    if (places == 0 && (shape->data = integers_of(column, rows)) != NULL) {
        shape->owns_data = true;
        strcpy(shape->format, "l");
        return true;
    }
    shape->data = column->data.data;
    snprintf(shape->format, sizeof shape->format, "d:%d,%d", DIGITS, places);
    return rescale(column, rows, places);
}

static bool shape_text(Shape *shape, Column *column, size_t rows) {
    bool binary = column->kind == BINARY;
    strcpy(shape->format, column->large ? (binary ? "Z" : "U") : (binary ? "z" : "u"));
    shape->offsets = offsets_of(int64s(&column->offsets), rows, column->large);
    if (!reserve(&column->data, 1)) return false;
    shape->data = column->data.data;
    return shape->offsets != NULL;
}

/* Fill SHAPE; false where memory or, with decimals, room is lacking. */
static bool shape_column(Shape *shape, Column *column, size_t rows) {
    shape->nulls = column->nulls;
    if (column->nulls && (shape->validity = bits_of(column->valid.data, rows)) == NULL) return false;
    shape->data = column->data.data;
    switch (column->kind) {
    case DECIMAL:
        return shape_decimals(shape, column, rows);
    case TEXT:
    case DOCUMENT:
    case BINARY:
        return shape_text(shape, column, rows);
    case BOOLEAN:
        strcpy(shape->format, "b");
        shape->owns_data = true;
        return (shape->data = bits_of(column->data.data, rows)) != NULL;
    case MOMENT:
        strcpy(shape->format, "tsu:");
        return true;
    case DAY:
        strcpy(shape->format, "tdm");
        return true;
    case DOUBLE:
        strcpy(shape->format, "g");
        return true;
    case INTEGER:
        strcpy(shape->format, "l");
        return true;
    }
    return false;
}

#endif
