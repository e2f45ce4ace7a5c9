/*
 * Where each row came from: its line and the line's number.
 *
 * A line is kept as a place in the bytes object that was read, so that it costs no object of its own.
 */

#ifndef TARGET_ORACLE_LINES_H
#define TARGET_ORACLE_LINES_H

#include <Python.h>

#include "buffer.h"
#include "objects.h"

typedef struct {
    int64_t number;
    uint32_t block, start, size;
} Line;

typedef struct {
    PyObject_HEAD
    Buffer lines;
    Buffer blocks; /* PyObject *, bytes */
} Lines;

static PyTypeObject *lines_type;

static inline size_t line_count(const Lines *self) { return self->lines.used / sizeof(Line); }
static inline size_t block_count(const Lines *self) { return self->blocks.used / sizeof(PyObject *); }
static inline Line *line_at(const Lines *self, size_t n) { return (Line *)(void *)self->lines.data + n; }
static inline PyObject *block_at(const Lines *self, size_t n) {
    return ((PyObject **)(void *)self->blocks.data)[n];
}

static Lines *make_lines(void) {
    return (Lines *)make_object(lines_type);
}

/* Keep DATA alive as the block that the next lines are in. */
static bool keep_block(Lines *self, PyObject *data) {
    size_t count = block_count(self);
    if (count && block_at(self, count - 1) == data) return true;
    if (!put(&self->blocks, &data, sizeof data)) return false;
    Py_INCREF(data);
    return true;
}

static void lines_dealloc(PyObject *object) {
    Lines *self = (Lines *)object;
    for (size_t n = 0; n < block_count(self); n++) Py_DECREF(block_at(self, n));
    drop(&self->lines);
    drop(&self->blocks);
    free_object(object);
}

static Py_ssize_t lines_length(PyObject *object) { return (Py_ssize_t)line_count((Lines *)object); }

/* The line at PLACE; NULL with an IndexError beyond the last one. */
static const Line *checked_line(PyObject *object, Py_ssize_t place) {
    Lines *self = (Lines *)object;
    if (place >= 0 && (size_t)place < line_count(self)) return line_at(self, (size_t)place);
    PyErr_SetString(PyExc_IndexError, "no such line");
    return NULL;
}

static PyObject *lines_item(PyObject *object, Py_ssize_t place) {
    const Line *line = checked_line(object, place);
    if (line == NULL) return NULL;
    const char *block = PyBytes_AsString(block_at((Lines *)object, line->block));
    return block ? PyBytes_FromStringAndSize(block + line->start, line->size) : NULL;
}

static PyObject *lines_number(PyObject *object, PyObject *place) {
    Py_ssize_t n = PyLong_AsSsize_t(place);
    if (n == -1 && PyErr_Occurred()) return NULL;
    const Line *line = checked_line(object, n);
    return line ? PyLong_FromLongLong(line->number) : NULL;
}

static PyMethodDef lines_methods[] = {
    {"number", lines_number, METH_O, "Return the input line number of the line at a place."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot lines_slots[] = {
    {Py_tp_doc, "Lines of input, each kept as a place in the bytes that were read."},
    {Py_tp_dealloc, lines_dealloc},
    {Py_sq_length, lines_length},
    {Py_sq_item, lines_item},
    {Py_tp_methods, lines_methods},
    {0, NULL},
};

static PyType_Spec lines_spec = {
    .name = "target_oracle._columns.Lines",
    .basicsize = sizeof(Lines),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = lines_slots,
};

#endif
