/* Python's description of a stream -> its plan. */

#ifndef TARGET_ORACLE_PLANNING_H
#define TARGET_ORACLE_PLANNING_H

#include <Python.h>

#include "objects.h"
#include "plan.h"

typedef struct {
    PyObject_HEAD
    PyObject *described; /* keeps the bytes that names, choices and automata point into */
    Slice stream;
    Rule *rules;         /* of properties, then of members of the message, then of what fill() sets */
    uint32_t properties, count;
    Node record;
    uint32_t objects;
    int32_t extracted, version; /* columns of time_extracted and version, -1 for none */
    uint32_t filled;            /* the first column that fill() sets */
    char tolerant;
    size_t usual_rows;          /* what the last batch came to, for the memory of the next one */
    size_t *usual_bytes;        /* a column's texts */
    const void *read;           /* the bytes that were read last, to tell them from those before */
    size_t read_size, taken;    /* how many, and how many of them are lines of this stream */
    bool takes_much;            /* of those before it was a good part */
} Plan;

static PyTypeObject *plan_type;

static bool read_slice(PyObject *bytes, Slice *slice) {
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0) return false;
    *slice = (Slice){data, (size_t)size};
    return true;
}

/* The borrowed member NAME of a dict, NULL where it has none or None. */
static PyObject *member(PyObject *described, const char *name) {
    PyObject *found = PyDict_GetItemString(described, name);
    return found == Py_None ? NULL : found;
}

static bool read_flag(PyObject *described, const char *name) {
    PyObject *found = member(described, name);
    return found != NULL && PyObject_IsTrue(found) == 1;
}

static int64_t read_int(PyObject *described, const char *name, int64_t otherwise) {
    PyObject *found = member(described, name);
    return found ? PyLong_AsLongLong(found) : otherwise;
}

static size_t read_size(PyObject *described, const char *name) {
    PyObject *found = member(described, name);
    return found ? PyLong_AsSize_t(found) : SIZE_MAX;
}

/* A decimal as bytes of text; *there tells whether the member is. */
static bool read_bound(PyObject *described, const char *name, Decimal *bound, bool *there) {
    PyObject *found = member(described, name);
    Slice text;
    *there = found != NULL;
    if (!*there) return true;
    if (!read_slice(found, &text)) return false;
    const char *at = text.data;
    if (take_decimal(&at, bound, false) && *at == '\0') return true;
    PyErr_Format(PyExc_ValueError, "%s is no decimal of %d digits", name, DIGITS);
    return false;
}

static bool read_choices(PyObject *described, Rule *rule) {
    PyObject *found = member(described, "choices");
    if (found == NULL) return true;
    Py_ssize_t count = PyTuple_Size(found);
    if (count < 0) return false;
    if (rule->kind == INTEGER) {
        rule->numbers = calloc((size_t)count + 1, sizeof *rule->numbers);
        if (rule->numbers == NULL) return PyErr_NoMemory() != NULL;
        for (Py_ssize_t n = 0; n < count; n++) rule->numbers[n] = PyLong_AsLongLong(PyTuple_GetItem(found, n));
        rule->number_count = (size_t)count;
        return !PyErr_Occurred();
    }
    if (!make_table(&rule->choices, (size_t)count)) return PyErr_NoMemory() != NULL;
    for (Py_ssize_t n = 0; n < count; n++) {
        Slice choice;
        if (!read_slice(PyTuple_GetItem(found, n), &choice)) return false;
        enter(&rule->choices, choice, (int32_t)n);
    }
    return true;
}

static bool read_pattern(PyObject *described, Rule *rule) {
    PyObject *found = member(described, "pattern");
    Slice table, accepting;
    if (found == NULL) return true;
    if (!read_slice(PyTuple_GetItem(found, 0), &table) || !read_slice(PyTuple_GetItem(found, 1), &accepting))
        return false;
    size_t start = PyLong_AsSize_t(PyTuple_GetItem(found, 2));
    if (PyErr_Occurred()) return false;
    if (table.size != accepting.size * 512 || start >= accepting.size) {
        PyErr_SetString(PyExc_ValueError, "an automaton has 256 next states a state");
        return false;
    }
    rule->has_pattern = true;
    rule->pattern = (Automaton){(const uint16_t *)(const void *)table.data, accepting.data, (uint32_t)start};
    for (size_t n = 0; n < accepting.size * 256; n++)
        if (rule->pattern.next[n] >= accepting.size) {
            PyErr_SetString(PyExc_ValueError, "an automaton leads to a state that it has not");
            return false;
        }
    return true;
}

static bool read_form(PyObject *described, Form *form);

/* A member: its name, its form and whether it is required. */
static bool read_member(PyObject *described, Form *form, uint32_t place) {
    Slice name;
    PyObject *inner;
    int required;
    if (!PyArg_ParseTuple(described, "y#Op", &name.data, &name.size, &inner, &required)) return false;
    if (required) {
        form->bits[place] = form->required + 1;
        form->required |= form->bits[place];
        if (form->bits[place] == 0) {
            PyErr_SetString(PyExc_ValueError, "more members are required than there are bits");
            return false;
        }
    }
    enter(&form->names, name, (int32_t)place);
    form->count = place + 1;
    return read_form(inner, &form->members[place]);
}

/* A tuple of types, members and the form of items, None for none. */
static bool read_form(PyObject *described, Form *form) {
    PyObject *members, *items;
    if (!PyArg_ParseTuple(described, "iO!O", &form->types, &PyTuple_Type, &members, &items)) return false;
    size_t count = (size_t)PyTuple_Size(members);
    form->members = calloc(count + 1, sizeof *form->members);
    form->bits = calloc(count + 1, sizeof *form->bits);
    if (form->members == NULL || form->bits == NULL || !make_table(&form->names, count))
        return PyErr_NoMemory() != NULL;
    for (size_t n = 0; n < count; n++)
        if (!read_member(PyTuple_GetItem(members, (Py_ssize_t)n), form, (uint32_t)n)) return false;
    if (items == Py_None) return true;
    form->items = calloc(1, sizeof *form->items);
    return form->items ? read_form(items, form->items) : PyErr_NoMemory() != NULL;
}

static bool read_inside(PyObject *described, Rule *rule) {
    PyObject *found = member(described, "form");
    if (found == NULL) return true;
    rule->form = calloc(1, sizeof *rule->form);
    return rule->form ? read_form(found, rule->form) : PyErr_NoMemory() != NULL;
}

static bool read_kind(PyObject *described, Kind *kind) {
    static const char *const names[] = {"integer", "decimal",  "double", "boolean", "text",
                                        "document", "moment", "day",    "binary"};
    PyObject *found = member(described, "kind");
    Py_ssize_t size;
    const char *name = found ? PyUnicode_AsUTF8AndSize(found, &size) : NULL;
    for (int n = 0; name && n <= BINARY; n++)
        if (strcmp(name, names[n]) == 0) {
            *kind = (Kind)n;
            return true;
        }
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a column is of no known kind");
    return false;
}

static bool read_rule(PyObject *described, Rule *rule) {
    int64_t whole;
    if (!PyDict_Check(described)) {
        PyErr_SetString(PyExc_TypeError, "a column is described by a dict");
        return false;
    }
    if (!read_kind(described, &rule->kind)) return false;
    rule->needed = read_flag(described, "needed");
    rule->nullable = read_flag(described, "nullable");
    rule->key = read_flag(described, "key");
    rule->flag = read_flag(described, "flag");
    rule->quoted = read_flag(described, "quoted");
    rule->large = read_flag(described, "large");
    rule->types = (int)read_int(described, "types", 0);
    rule->low = read_int(described, "low", INT64_MIN);
    rule->high = read_int(described, "high", INT64_MAX);
    whole = read_int(described, "whole", -1);
    rule->below = whole >= 0 && whole <= DIGITS ? tens[whole] : 0;
    rule->places = (int)read_int(described, "places", DIGITS);
    rule->over_least = read_flag(described, "over_least");
    rule->under_most = read_flag(described, "under_most");
    rule->max_chars = read_size(described, "max_chars");
    rule->max_bytes = read_size(described, "max_bytes");
    rule->min_chars = member(described, "min_chars") ? read_size(described, "min_chars") : 0;
    return !PyErr_Occurred() && read_bound(described, "least", &rule->least, &rule->has_least) &&
           read_bound(described, "most", &rule->most, &rule->has_most) && read_choices(described, rule) &&
           read_pattern(described, rule) && read_inside(described, rule);
}

/* Put column COLUMN at the end of PATH below NODE, a tuple of names. */
static bool place(Plan *plan, Node *node, PyObject *path, Py_ssize_t depth, int32_t column) {
    Py_ssize_t length = PyTuple_Size(path);
    Slice name;
    if (length <= depth || !read_slice(PyTuple_GetItem(path, depth), &name)) return false;
    bool is_leaf = depth + 1 == length;
    Node *found = NULL;
    for (uint32_t n = 0; n < node->count && found == NULL; n++)
        if (same(node->members[n].name, name)) found = &node->members[n];
    if (found == NULL) {
        Node *members = realloc(node->members, (node->count + 1) * sizeof *members);
        if (members == NULL) return PyErr_NoMemory() != NULL;
        node->members = members;
        found = &members[node->count++];
        *found = (Node){.name = name, .column = is_leaf ? column : -1};
        if (!is_leaf) found->object = (int32_t)plan->objects++;
    } else if (is_leaf || found->column >= 0) {
        PyErr_SetString(PyExc_ValueError, "two columns have one property");
        return false;
    }
    return is_leaf || place(plan, found, path, depth + 1, column);
}

static bool index_members(Node *node) {
    if (!make_table(&node->by_name, node->count)) return PyErr_NoMemory() != NULL;
    for (uint32_t n = 0; n < node->count; n++) {
        enter(&node->by_name, node->members[n].name, (int32_t)n);
        if (node->members[n].column < 0 && !index_members(&node->members[n])) return false;
    }
    return true;
}

static bool read_columns(Plan *plan, PyObject *properties, PyObject *others) {
    plan->properties = (uint32_t)PyTuple_Size(properties);
    plan->count = plan->properties + (uint32_t)PyTuple_Size(others);
    plan->rules = calloc(plan->count + 1, sizeof *plan->rules);
    plan->usual_bytes = calloc(plan->count + 1, sizeof *plan->usual_bytes);
    if (plan->rules == NULL || plan->usual_bytes == NULL) return PyErr_NoMemory() != NULL;
    plan->extracted = plan->version = -1;
    plan->filled = plan->count;
    for (uint32_t n = 0; n < plan->count; n++) {
        bool is_property = n < plan->properties;
        PyObject *described =
            is_property ? PyTuple_GetItem(properties, n) : PyTuple_GetItem(others, n - plan->properties);
        if (!read_rule(described, &plan->rules[n])) return false;
        PyObject *path = PyDict_GetItemString(described, "path");
        if (is_property) {
            if (path == NULL || !PyTuple_Check(path) || !place(plan, &plan->record, path, 0, (int32_t)n))
                return false;
        } else if (read_flag(described, "extracted")) {
            plan->extracted = (int32_t)n;
        } else if (read_flag(described, "version")) {
            plan->version = (int32_t)n;
        } else if (n < plan->filled) {
            plan->filled = n;
        }
    }
    return index_members(&plan->record);
}

static PyObject *plan_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    PyObject *stream, *properties, *others;
    int tolerant;
    static char *names[] = {"stream", "properties", "others", "tolerant", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, named, "SO!O!p", names, &stream, &PyTuple_Type, &properties,
                                     &PyTuple_Type, &others, &tolerant))
        return NULL;
    Plan *self = (Plan *)make_object(type);
    if (self == NULL) return NULL;
    self->tolerant = (char)tolerant;
    self->described = PyTuple_Pack(3, stream, properties, others);
    if (self->described == NULL || !read_slice(stream, &self->stream) ||
        !read_columns(self, properties, others)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a property has no path");
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    return (PyObject *)self;
}

static void plan_dealloc(PyObject *object) {
    Plan *self = (Plan *)object;
    for (uint32_t n = 0; self->rules && n < self->count; n++) {
        drop_table(&self->rules[n].choices);
        free(self->rules[n].numbers);
        if (self->rules[n].form) drop_form(self->rules[n].form);
        free(self->rules[n].form);
    }
    free(self->rules);
    free(self->usual_bytes);
    drop_node(&self->record);
    Py_XDECREF(self->described);
    free_object(object);
}

static PyObject *plan_tolerate(PyObject *object, PyObject *unused) {
    (void)unused;
    ((Plan *)object)->tolerant = 1;
    Py_RETURN_NONE;
}

static PyMethodDef plan_methods[] = {
    {"tolerate", plan_tolerate, METH_NOARGS, "From now on take records with properties that no column has."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot plan_slots[] = {
    {Py_tp_doc, "What a stream's records are; see columnar.py, which describes it."},
    {Py_tp_new, plan_new},
    {Py_tp_dealloc, plan_dealloc},
    {Py_tp_methods, plan_methods},
    {0, NULL},
};

static PyType_Spec plan_spec = {
    .name = "target_oracle._columns.Plan",
    .basicsize = sizeof(Plan),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = plan_slots,
};

#endif
