/*
 * RECORD lines -> columns, compiled: what decoder.py does row by row, for whole portions of input at once.
 *
 * Lines are decoded strictly and without the interpreter's lock. A line that is not plainly a row of a known
 * stream stops the scanner in front of it; whoever called it takes that line the slow way, which knows every
 * notation and every fault. So this module refuses freely, and what it takes is what the slow way would have
 * made of it; tests hold the two together.
 */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "native/arrow.h"
#include "native/decoding.h"
#include "native/lines.h"

/* Another number with each change of what columnar.py may call, so that neither meets an older other. */
#define INTERFACE 3

/* --- rows that gather */

typedef struct {
    PyObject_HEAD
    PyObject *plan;
    Lines *lines;
    Rows rows;
    size_t done;  /* rows whose filled columns are filled */
    size_t size;  /* bytes of their lines */
    size_t most_rows, most_size;
    char exported;
} Columns;

static PyTypeObject *columns_type;

static Columns *make_columns(PyObject *plan, size_t most_rows, size_t most_size) {
    Columns *self = (Columns *)make_object(columns_type);
    if (self == NULL) return NULL;
    Plan *planned = (Plan *)plan;
    Py_INCREF(plan);
    self->plan = plan;
    self->rows.plan = planned;
    self->most_rows = most_rows;
    self->most_size = most_size;
    self->lines = make_lines();
    self->rows.columns = calloc(planned->count + 1, sizeof *self->rows.columns);
    self->rows.seen = malloc(planned->count + 1);
    self->rows.entered = malloc(planned->objects + 1);
    if (self->lines == NULL || self->rows.columns == NULL || self->rows.seen == NULL ||
        self->rows.entered == NULL) {
        Py_DECREF((PyObject *)self);
        PyErr_NoMemory();
        return NULL;
    }
    for (uint32_t n = 0; n < planned->count; n++) {
        self->rows.columns[n].kind = planned->rules[n].kind;
        self->rows.columns[n].large = planned->rules[n].large;
        self->rows.columns[n].usual = planned->usual_bytes[n];
    }
    self->rows.usual = planned->usual_rows;
    return self;
}

static PyObject *columns_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    static char *names[] = {"plan", "most_rows", "most_size", NULL};
    PyObject *plan;
    Py_ssize_t most_rows, most_size;
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(args, named, "O!nn", names, plan_type, &plan, &most_rows, &most_size))
        return NULL;
    return (PyObject *)make_columns(plan, (size_t)most_rows, (size_t)most_size);
}

static void columns_dealloc(PyObject *object) {
    Columns *self = (Columns *)object;
    for (uint32_t n = 0; self->rows.columns && n < self->rows.plan->count; n++)
        drop_column(&self->rows.columns[n]);
    free(self->rows.columns);
    free(self->rows.seen);
    free(self->rows.entered);
    Py_XDECREF((PyObject *)self->lines);
    Py_XDECREF(self->plan);
    free_object(object);
}

static Py_ssize_t columns_length(PyObject *object) { return (Py_ssize_t)((Columns *)object)->rows.rows; }

static bool is_open(const Columns *self) {
    if (!self->exported) return true;
    PyErr_SetString(PyExc_ValueError, "rows that were exported take no more");
    return false;
}

static bool has_room(const Columns *self) {
    return self->rows.rows < self->most_rows && self->size < self->most_size;
}

/* Note that the row read last came from SIZE bytes at START of the block that is kept next. */
static bool note_line(Columns *self, uint32_t block, size_t start, size_t size, int64_t number) {
    Line line = {number, block, (uint32_t)start, (uint32_t)size};
    self->size += size;
    return put(&self->lines->lines, &line, sizeof line);
}

/* --- one row that was read the slow way */

static bool put_decimal(Column *column, size_t row, PyObject *value) {
    Slice text;
    Decimal number;
    if (PyLong_Check(value)) {
        int64_t whole = PyLong_AsLongLong(value);
        if (PyErr_Occurred()) return false;
        write_decimal(column, row, (Decimal){whole, 0});
        return true;
    }
    if (!read_slice(value, &text)) return false;
    const char *at = text.data;
    if (!take_decimal(&at, &number, true) || *at != '\0') {
        PyErr_SetString(PyExc_OverflowError, "the number does not fit");
        return false;
    }
    write_decimal(column, row, number);
    return true;
}

static bool put_bytes(Column *column, PyObject *value) {
    Slice text;
    if (!read_slice(value, &text)) return false;
    if (!column->large && column->data.used + text.size > MOST_BYTES) {
        PyErr_SetString(PyExc_OverflowError, "the texts are too long together");
        return false;
    }
    if (!reserve(&column->data, text.size + 1)) return PyErr_NoMemory() != NULL;
    memcpy(column->data.data + column->data.used, text.data, text.size);
    column->pending = text.size;
    return true;
}

/* Write VALUE, which is not None, as number ROW: bytes of text and of decimals, a float, an int. */
static bool put_value(Column *column, size_t row, PyObject *value) {
    int64_t number = 0;
    double real = 0;
    switch (column->kind) {
    case DECIMAL:
        return put_decimal(column, row, value);
    case TEXT:
    case DOCUMENT:
    case BINARY:
        return put_bytes(column, value);
    case DOUBLE:
        real = PyFloat_AsDouble(value);
        if (PyErr_Occurred()) return false;
        memcpy(column->data.data + row * sizeof real, &real, sizeof real);
        return true;
    default:
        number = PyLong_AsLongLong(value);
        if (PyErr_Occurred()) return false;
        if (column->kind == BOOLEAN) column->data.data[row] = (char)number;
        else int64s(&column->data)[row] = number;
        return true;
    }
}

static bool put_row(Columns *self, PyObject *row) {
    Rows *rows = &self->rows;
    if (PyTuple_Size(row) != (Py_ssize_t)rows->plan->filled) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "the row has not a value a column");
        return false;
    }
    if (!make_room(rows)) return PyErr_NoMemory() != NULL;
    begin_row(rows);
    for (uint32_t n = 0; n < rows->plan->filled; n++) {
        PyObject *value = PyTuple_GetItem(row, n);
        if (value == Py_None) continue;
        if (!put_value(&rows->columns[n], rows->rows, value)) return false;
        rows->seen[n] = IS_VALUE;
    }
    for (uint32_t n = 0; n < rows->plan->filled; n++)
        keep_value(&rows->columns[n], rows->rows, rows->seen[n] == IS_VALUE);
    rows->rows++;
    return true;
}

static PyObject *columns_append(PyObject *object, PyObject *args) {
    Columns *self = (Columns *)object;
    PyObject *row, *line;
    long long number;
    if (!PyArg_ParseTuple(args, "O!SL", &PyTuple_Type, &row, &line, &number) || !is_open(self)) return NULL;
    if (!keep_block(self->lines, line)) return PyErr_NoMemory();
    if (!put_row(self, row)) return NULL;
    uint32_t block = (uint32_t)block_count(self->lines) - 1;
    if (!note_line(self, block, 0, (size_t)PyBytes_Size(line), number)) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* --- columns that are the same for all rows since they were filled last */

static bool fill_column(Column *column, size_t from, size_t to, PyObject *value) {
    int64_t number = value == Py_None ? 0 : PyLong_AsLongLong(value);
    if (PyErr_Occurred()) return false;
    for (size_t row = from; row < to; row++) {
        int64s(&column->data)[row] = number;
        column->valid.data[row] = value != Py_None;
    }
    if (value == Py_None) column->nulls += (int64_t)(to - from);
    return true;
}

static PyObject *columns_fill(PyObject *object, PyObject *values) {
    Columns *self = (Columns *)object;
    const Plan *plan = self->rows.plan;
    if (PyTuple_Size(values) != (Py_ssize_t)(plan->count - plan->filled)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "there is not a value a column to fill");
        return NULL;
    }
    for (uint32_t n = plan->filled; n < plan->count; n++)
        if (!fill_column(&self->rows.columns[n], self->done, self->rows.rows,
                         PyTuple_GetItem(values, n - plan->filled)))
            return NULL;
    self->done = self->rows.rows;
    Py_RETURN_NONE;
}

/* --- rows that other rows take the place of */

static bool equal_keys(const Columns *self, const int *keys, size_t count, size_t one, size_t other) {
    for (size_t n = 0; n < count; n++)
        if (!equal_at(&self->rows.columns[keys[n]], one, other)) return false;
    return true;
}

/* Mark in LAST the rows whose key comes no more behind them; return how many, -1 without memory. */
static int64_t mark_last(const Columns *self, const int *keys, size_t count, char *last) {
    size_t rows = self->rows.rows, entries = 4;
    while (entries < 2 * rows) entries *= 2;
    int32_t *table = malloc(entries * sizeof *table);
    int64_t kept = 0;
    if (table == NULL) return -1;
    memset(table, -1, entries * sizeof *table);
    for (size_t row = 0; row < rows; row++) {
        uint64_t hash = (uintptr_t)table; /* another one each time: keys come from outside */
        for (size_t n = 0; n < count; n++) hash = hash_at(&self->rows.columns[keys[n]], row, hash);
        size_t entry = (hash ^ hash >> 29) & (entries - 1);
        while (table[entry] >= 0 && !equal_keys(self, keys, count, (size_t)table[entry], row))
            entry = (entry + 1) & (entries - 1);
        if (table[entry] >= 0) last[table[entry]] = 0;
        else kept++;
        table[entry] = (int32_t)row;
        last[row] = 1;
    }
    free(table);
    return kept;
}

static Columns *selected(Columns *self, const char *wanted, int64_t count) {
    Columns *chosen = make_columns(self->plan, self->most_rows, self->most_size);
    if (chosen == NULL) return NULL;
    Rows *to = &chosen->rows;
    for (uint32_t n = 0; n < to->plan->count; n++)
        if (!widen(&to->columns[n], (size_t)count + 1)) goto lost;
    for (size_t row = 0; row < self->rows.rows; row++) {
        if (!wanted[row]) continue;
        for (uint32_t n = 0; n < to->plan->count; n++)
            if (!copy_value(&to->columns[n], to->rows, &self->rows.columns[n], row)) goto lost;
        const Line *line = line_at(self->lines, row);
        if (!put(&chosen->lines->lines, line, sizeof *line)) goto lost;
        to->rows++;
    }
    for (size_t n = 0; n < block_count(self->lines); n++)
        if (!keep_block(chosen->lines, block_at(self->lines, n))) goto lost;
    to->room = chosen->done = to->rows;
    return chosen;
lost:
    Py_DECREF((PyObject *)chosen);
    PyErr_NoMemory();
    return NULL;
}

static bool read_places(PyObject *tuple, const Plan *plan, int *places) {
    Py_ssize_t count = PyTuple_Size(tuple);
    for (Py_ssize_t n = 0; n < count; n++) {
        long place = PyLong_AsLong(PyTuple_GetItem(tuple, n));
        if (place < 0 || place >= (long)plan->count) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_IndexError, "no such column");
            return false;
        }
        places[n] = (int)place;
    }
    return count >= 0;
}

static PyObject *columns_last(PyObject *object, PyObject *keys) {
    Columns *self = (Columns *)object;
    PyObject *found = NULL;
    Py_ssize_t count = PyTuple_Size(keys);
    if (count < 0) return NULL;
    int *places = malloc(((size_t)count + 1) * sizeof *places);
    char *last = malloc(self->rows.rows + 1);
    if (places == NULL || last == NULL) {
        PyErr_NoMemory();
    } else if (read_places(keys, self->rows.plan, places)) {
        int64_t kept = mark_last(self, places, (size_t)count, last);
        if (kept < 0) {
            PyErr_NoMemory();
        } else if ((size_t)kept == self->rows.rows) {
            Py_INCREF(object);
            found = object;
        } else {
            found = (PyObject *)selected(self, last, kept);
        }
    }
    free(places);
    free(last);
    return found;
}

/* --- rows that go out */

/* The numbers FIRST, FIRST + 1 and so on as one more column. */
static bool shape_numbers(Shape *shape, size_t rows, int64_t first) {
    int64_t *numbers = malloc(rows * sizeof *numbers + 1);
    for (size_t n = 0; numbers && n < rows; n++) numbers[n] = first + (int64_t)n;
    shape->data = numbers;
    shape->owns_data = true;
    strcpy(shape->format, "l");
    return numbers != NULL;
}

/* A little more than USED, as batches differ by what was refused; after larger ones, come down slowly. */
static size_t usual_after(size_t used, size_t usual) {
    size_t now = used + used / 16, before = usual - usual / 8;
    return now > before ? now : before;
}

/* Remember what the batch came to: the next one then grows once, and into memory that this one leaves. */
static void note_usual(const Columns *self) {
    Plan *plan = self->rows.plan;
    plan->usual_rows = usual_after(self->rows.rows, plan->usual_rows);
    for (uint32_t n = 0; n < plan->count; n++)
        if (is_text(self->rows.columns[n].kind))
            plan->usual_bytes[n] = usual_after(self->rows.columns[n].data.used, plan->usual_bytes[n]);
}

static PyObject *columns_export(PyObject *object, PyObject *args) {
    Columns *self = (Columns *)object;
    PyObject *order, *first;
    bool made = true;
    if (!PyArg_ParseTuple(args, "O!O", &PyTuple_Type, &order, &first)) return NULL;
    int64_t number = first == Py_None ? 0 : PyLong_AsLongLong(first);
    Py_ssize_t count = PyTuple_Size(order), all = count + (first != Py_None);
    int *places = malloc(((size_t)count + 1) * sizeof *places);
    Export *export = calloc(1, sizeof *export);
    Shape *shapes = calloc((size_t)all + 1, sizeof *shapes);
    if (places == NULL || export == NULL || shapes == NULL || PyErr_Occurred() ||
        !read_places(order, self->rows.plan, places)) {
        free(places);
        free(export);
        free(shapes);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    Py_INCREF(object);
    *export = (Export){1, object, shapes, all, (int64_t)self->rows.rows, false};
    self->exported = 1;
    note_usual(self);
    for (Py_ssize_t n = 0; made && n < count; n++)
        made = shape_column(&shapes[n], &self->rows.columns[places[n]], self->rows.rows);
    if (made && all > count) made = shape_numbers(&shapes[count], self->rows.rows, number);
    free(places);
    if (made) return stream_of(export);
    let_go(export);
    PyErr_SetString(PyExc_OverflowError, "the numbers of a column have no common scale");
    return NULL;
}

static PyObject *columns_lines(PyObject *object, void *unused) {
    (void)unused;
    PyObject *lines = (PyObject *)((Columns *)object)->lines;
    Py_INCREF(lines);
    return lines;
}

static PyObject *columns_size(PyObject *object, void *unused) {
    (void)unused;
    return PyLong_FromSize_t(((Columns *)object)->size);
}

static PyObject *columns_empty(PyObject *object, void *unused) {
    (void)unused;
    return PyLong_FromLongLong(((Columns *)object)->rows.empty);
}

/* The places of columns in which at least one row has a value. */
static PyObject *columns_filled(PyObject *object, void *unused) {
    (void)unused;
    const Rows *rows = &((Columns *)object)->rows;
    PyObject *places = PyList_New(0);
    for (uint32_t n = 0; places && n < rows->plan->count; n++) {
        if ((size_t)rows->columns[n].nulls >= rows->rows) continue;
        PyObject *place = PyLong_FromUnsignedLong(n);
        if (place == NULL || PyList_Append(places, place) < 0) Py_CLEAR(places);
        Py_XDECREF(place);
    }
    return places;
}

static PyObject *columns_is_full(PyObject *object, void *unused) {
    (void)unused;
    return PyBool_FromLong(!has_room((Columns *)object));
}

static PyMethodDef columns_methods[] = {
    {"append", columns_append, METH_VARARGS,
     "Append one row, and the line with its number that it came from; OverflowError where it does not fit."},
    {"fill", columns_fill, METH_O, "Set the last columns of all rows since the last time."},
    {"last", columns_last, METH_O, "Return the last row of each key, whose columns stand at these places."},
    {"export", columns_export, METH_VARARGS,
     "Return a capsule with these columns as an Arrow stream, and with a number one more that counts from it."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef columns_members[] = {
    {"lines", columns_lines, NULL, "The lines that the rows came from.", NULL},
    {"size", columns_size, NULL, "Bytes of these lines.", NULL},
    {"empty", columns_empty, NULL, "Texts that became NULL.", NULL},
    {"filled", columns_filled, NULL, "The places of columns in which some row has a value.", NULL},
    {"is_full", columns_is_full, NULL, "Whether a scanner adds no more rows.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot columns_slots[] = {
    {Py_tp_doc, "Rows of one stream that gather as columns."},
    {Py_tp_new, columns_new},
    {Py_tp_dealloc, columns_dealloc},
    {Py_sq_length, columns_length},
    {Py_tp_methods, columns_methods},
    {Py_tp_getset, columns_members},
    {0, NULL},
};

static PyType_Spec columns_spec = {
    .name = "target_oracle._columns.Columns",
    .basicsize = sizeof(Columns),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = columns_slots,
};

/* --- the scanner */

/* One stream's rows, and what they were before the call that is under way. */
typedef struct {
    Columns *columns;
    size_t rows, size;
} Intake;

typedef struct {
    PyObject_HEAD
    Buffer intakes;
    Table by_stream;
    char busy;
    size_t covered; /* bytes that the last call came through */
} Scanner;

enum { AT_END, REFUSED, FULL, NO_MEMORY };

/* The interpreter's lock is given up for so many bytes; for less, handing it over costs more than it gives. */
#define WORTH ((size_t)48 << 10)

static size_t intake_count(const Scanner *self) { return self->intakes.used / sizeof(Intake); }
static Intake *intake_at(const Scanner *self, size_t n) { return (Intake *)(void *)self->intakes.data + n; }

/* Members of a message that need its stream; one that comes before the stream is read once that is known. */
enum { RECORD, EXTRACTED, VERSION, MEMBERS };

/* A line under way: whose it is, and where its members begin. */
typedef struct {
    Input *input;
    const Scanner *scanner;
    Intake *intake;
    bool is_record;
    const char *members[MEMBERS];
} Message;

static bool take_type(Message *message) {
    if (message->is_record) return false;
    message->is_record = take_word(&message->input->at, "\"RECORD\"", 8);
    return message->is_record;
}

static bool take_stream(Message *message) {
    Input *input = message->input;
    if (message->intake || !take_char(&input->at, '"')) return false;
    const char *from = input->at;
    if (!skip_text(&input->at, input->limit)) return false;
    int32_t place = find(&message->scanner->by_stream, (Slice){from, (size_t)(input->at - from) - 1});
    if (place < 0) return false;
    message->intake = intake_at(message->scanner, (size_t)place);
    Rows *rows = &message->intake->columns->rows;
    if (!make_room(rows)) {
        input->lost = true;
        return false;
    }
    begin_row(rows);
    return true;
}

/* Decode a member of a message whose stream is known. */
static bool decode_part(Message *message, int member) {
    Rows *rows = &message->intake->columns->rows;
    if (member == RECORD) return decode_object(message->input, rows, &rows->plan->record);
    int32_t column = member == VERSION ? rows->plan->version : rows->plan->extracted;
    if (column >= 0) return decode_value(message->input, rows, (uint32_t)column);
    return skip_value(&message->input->at, message->input->limit, DEEPEST);
}

static bool take_part(Message *message, int member) {
    Input *input = message->input;
    if (message->members[member]) return false; /* the second one takes the place of the first */
    message->members[member] = input->at;
    return message->intake ? decode_part(message, member) : skip_value(&input->at, input->limit, DEEPEST);
}

/* Decode those members that came before the stream's name, which stands at STREAM. */
static bool decode_early_parts(Message *message, const char *stream) {
    Input *input = message->input;
    const char *after = input->at;
    for (int member = 0; member < MEMBERS; member++) {
        if (message->members[member] == NULL || message->members[member] > stream) continue;
        input->at = message->members[member];
        if (!decode_part(message, member)) return false;
    }
    input->at = after;
    return true;
}

static bool take_member(Message *message) {
    static const Slice type = {"type", 4}, stream = {"stream", 6};
    static const Slice parts[MEMBERS] = {{"record", 6}, {"time_extracted", 14}, {"version", 7}};
    Input *input = message->input;
    if (!take_char(&input->at, '"')) return false;
    Slice name = {input->at, 0};
    if (!skip_text(&input->at, input->limit)) return false;
    name.size = (size_t)(input->at - name.data) - 1;
    if (memchr(name.data, '\\', name.size)) return false;
    skip_space(&input->at);
    if (!take_char(&input->at, ':')) return false;
    skip_space(&input->at);
    if (same(name, type)) return take_type(message);
    if (same(name, stream)) return take_stream(message) && decode_early_parts(message, input->at);
    for (int member = 0; member < MEMBERS; member++)
        if (same(name, parts[member])) return take_part(message, member);
    return skip_value(&input->at, input->limit, DEEPEST);
}

/*
 * Decode the line at input->at, and move behind it; NULL where it is no RECORD that has all it needs. Its row
 * is kept unless something was passed over.
 */
static Intake *take_line(const Scanner *self, Input *input) {
    Message message = {.input = input, .scanner = self};
    skip_space(&input->at);
    if (!take_char(&input->at, '{')) return NULL;
    do {
        skip_space(&input->at);
        if (!take_member(&message)) return NULL;
        skip_space(&input->at);
    } while (take_char(&input->at, ','));
    if (!take_char(&input->at, '}')) return NULL;
    skip_space(&input->at);
    if (*input->at != '\n' && *input->at != '\0') return NULL;
    if (!message.is_record || !message.intake || !message.members[RECORD]) return NULL;
    Rows *rows = &message.intake->columns->rows;
    if (!is_complete(rows)) return NULL;
    if (is_row(input)) end_row(rows);
    return message.intake;
}

/* What take() goes through: bytes from *at* to *stop* of *data*, and what may still come. */
typedef struct {
    PyObject *kept; /* the bytes object */
    const char *data, *at, *stop, *limit;
    int64_t number;
    const int64_t *numbers; /* where lines do not follow one another, and *number* is a place in it */
    size_t rows, size;
    Input fault; /* the line that stopped it, where one value of it was refused and nothing else */
    PyObject *faulty; /* whose line that is, as the scanner refers to it */
} Portion;

/* Which block of LINES the portion is, or will be once it is kept. */
static uint32_t block_of(const Lines *lines, const Portion *portion) {
    size_t count = block_count(lines);
    return (uint32_t)(count && block_at(lines, count - 1) == portion->kept ? count - 1 : count);
}

static int take_lines(Scanner *self, Portion *portion) {
    while (portion->at < portion->stop) {
        Input input = {.at = portion->at, .limit = portion->limit};
        Intake *intake = take_line(self, &input);
        if (intake == NULL) return input.lost ? NO_MEMORY : REFUSED;
        Columns *columns = intake->columns;
        if (!is_row(&input)) {
            portion->fault = input;
            if (input.refused) portion->faulty = (PyObject *)columns;
            return REFUSED;
        }
        size_t size = (size_t)(input.at - portion->at);
        uint32_t block = block_of(columns->lines, portion);
        int64_t number = portion->numbers ? portion->numbers[portion->number] : portion->number;
        if (!note_line(columns, block, (size_t)(portion->at - portion->data), size, number)) return NO_MEMORY;
        portion->at = input.at + (input.at < portion->stop);
        portion->number++;
        portion->rows = portion->rows > 1 ? portion->rows - 1 : 0;
        portion->size = portion->size > size ? portion->size - size : 0;
        if (!has_room(columns) || !portion->rows || !portion->size) return FULL;
    }
    return AT_END;
}

/* Bytes that were read are kept whole for rows whose lines are at least one in so many of them. */
#define SHARE 4

/* Tell whether ADDED bytes of DATA are a good part of it, or were of what was read before. */
static bool is_much(Plan *plan, PyObject *data, size_t added) {
    if (plan->read != data) {
        plan->takes_much = plan->taken * SHARE >= plan->read_size && plan->taken;
        plan->read = data;
        plan->read_size = (size_t)PyBytes_Size(data);
        plan->taken = 0;
    }
    plan->taken += added;
    return plan->takes_much || plan->taken * SHARE >= plan->read_size;
}

/*
 * Keep the lines that the call under way has added. Few lines of much input are copied: a stream whose rows
 * are rare would otherwise keep all that was read meanwhile in memory.
 */
static bool keep_lines(const Intake *intake, PyObject *data) {
    Lines *lines = intake->columns->lines;
    size_t count = block_count(lines), added = intake->columns->size - intake->size;
    bool is_kept = count && block_at(lines, count - 1) == data;
    if (is_much(intake->columns->rows.plan, data, added) || is_kept) return keep_block(lines, data);
    PyObject *copy = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)added);
    if (copy == NULL) return false;
    char *to = PyBytes_AsString(copy);
    const char *from = PyBytes_AsString(data);
    size_t used = 0;
    for (size_t n = intake->rows; n < line_count(lines); n++) {
        Line *line = line_at(lines, n);
        memcpy(to + used, from + line->start, line->size);
        line->start = (uint32_t)used;
        used += line->size;
    }
    bool kept = keep_block(lines, copy);
    Py_DECREF(copy);
    return kept;
}

/* What is wrong with the line that stopped the portion: (columns, column, start, stop, end), or None. */
static PyObject *fault_of(const Portion *portion) {
    const Input *fault = &portion->fault;
    if (portion->faulty == NULL) Py_RETURN_NONE;
    return Py_BuildValue("(OInnn)", portion->faulty, (unsigned int)fault->column,
                         (Py_ssize_t)(fault->refused - portion->data),
                         (Py_ssize_t)(fault->after - portion->data), (Py_ssize_t)(fault->at - portion->data));
}

/* A list of (columns, rows, bytes) for each stream of which rows came. */
static PyObject *arrivals(Scanner *self, PyObject *data) {
    PyObject *found = PyList_New(0);
    for (size_t n = 0; found && n < intake_count(self); n++) {
        Intake *intake = intake_at(self, n);
        size_t rows = intake->columns->rows.rows - intake->rows;
        if (rows == 0) continue;
        PyObject *arrived = keep_lines(intake, data)
                                ? Py_BuildValue("(Onn)", (PyObject *)intake->columns, (Py_ssize_t)rows,
                                                (Py_ssize_t)(intake->columns->size - intake->size))
                                : PyErr_NoMemory();
        if (arrived == NULL || PyList_Append(found, arrived) < 0) {
            Py_DECREF(found);
            found = NULL;
        }
        Py_XDECREF(arrived);
    }
    return found;
}

static PyObject *scanner_take(PyObject *object, PyObject *args) {
    Scanner *self = (Scanner *)object;
    PyObject *data, *numbers = Py_None;
    Py_ssize_t start, stop, rows, size;
    long long number;
    int outcome;
    if (!PyArg_ParseTuple(args, "SnnLnn|O", &data, &start, &stop, &number, &rows, &size, &numbers)) return NULL;
    Slice told = {NULL, 0};
    if (numbers != Py_None && !read_slice(numbers, &told)) return NULL;
    Py_ssize_t length = PyBytes_Size(data);
    const char *bytes = PyBytes_AsString(data);
    bool ends = stop == length || (stop > 0 && stop < length && bytes[stop - 1] == '\n');
    if (start < 0 || start > stop || stop > length || length > INT32_MAX || !ends || self->busy) {
        PyErr_SetString(PyExc_ValueError, "a portion is whole lines of bytes");
        return NULL;
    }
    for (size_t n = 0; n < intake_count(self); n++) {
        Intake *intake = intake_at(self, n);
        intake->rows = intake->columns->rows.rows;
        intake->size = intake->columns->size;
    }
    Portion portion = {
        .kept = data,
        .data = bytes,
        .at = bytes + start,
        .stop = bytes + stop,
        .limit = bytes + length,
        .number = number,
        .numbers = (const int64_t *)(const void *)told.data,
        .rows = (size_t)rows,
        .size = (size_t)size,
    };
    self->busy = 1;
    PyThreadState *lock = self->covered >= WORTH ? PyEval_SaveThread() : NULL;
    outcome = take_lines(self, &portion);
    if (lock) PyEval_RestoreThread(lock);
    self->busy = 0;
    self->covered = (size_t)(portion.at - bytes) - (size_t)start;
    if (outcome == NO_MEMORY) return PyErr_NoMemory();
    PyObject *arrived = arrivals(self, data);
    PyObject *fault = arrived ? fault_of(&portion) : NULL;
    if (fault == NULL) {
        Py_XDECREF(arrived);
        return NULL;
    }
    return Py_BuildValue("(nLiNN)", (Py_ssize_t)(portion.at - bytes), (long long)portion.number, outcome, arrived,
                         fault);
}

/* Index the streams anew. */
static bool index_streams(Scanner *self) {
    drop_table(&self->by_stream);
    if (!make_table(&self->by_stream, intake_count(self))) return PyErr_NoMemory() != NULL;
    for (size_t n = 0; n < intake_count(self); n++)
        enter(&self->by_stream, intake_at(self, n)->columns->rows.plan->stream, (int32_t)n);
    return true;
}

static PyObject *scanner_add(PyObject *object, PyObject *columns) {
    Scanner *self = (Scanner *)object;
    int right = PyObject_IsInstance(columns, (PyObject *)columns_type);
    if (right <= 0) {
        if (!right) PyErr_SetString(PyExc_TypeError, "a scanner adds Columns");
        return NULL;
    }
    Intake intake = {(Columns *)columns, 0, 0};
    if (!is_open(intake.columns)) return NULL;
    if (!put(&self->intakes, &intake, sizeof intake)) return PyErr_NoMemory();
    Py_INCREF(columns);
    if (!index_streams(self)) return NULL;
    Py_RETURN_NONE;
}

static PyObject *scanner_remove(PyObject *object, PyObject *columns) {
    Scanner *self = (Scanner *)object;
    size_t count = intake_count(self);
    for (size_t n = 0; n < count; n++) {
        if ((PyObject *)intake_at(self, n)->columns != columns) continue;
        *intake_at(self, n) = *intake_at(self, count - 1);
        self->intakes.used -= sizeof(Intake);
        Py_DECREF(columns);
        if (!index_streams(self)) return NULL;
        Py_RETURN_NONE;
    }
    PyErr_SetString(PyExc_ValueError, "the scanner does not add to these");
    return NULL;
}

static void scanner_dealloc(PyObject *object) {
    Scanner *self = (Scanner *)object;
    for (size_t n = 0; n < intake_count(self); n++) Py_DECREF((PyObject *)intake_at(self, n)->columns);
    drop(&self->intakes);
    drop_table(&self->by_stream);
    free_object(object);
}

static PyMethodDef scanner_methods[] = {
    {"add", scanner_add, METH_O, "From now on add rows of its stream to these Columns."},
    {"remove", scanner_remove, METH_O, "Add no more rows to these Columns."},
    {"take", scanner_take, METH_VARARGS,
     "take(data, start, stop, number, rows, size, numbers=None): decode the whole lines in data[start:stop],\n"
     "of which the first is input line *number*, or has its number at that place of *numbers*, 64-bit integers\n"
     "as bytes, one for each line, until *rows* rows or *size* bytes came, Columns are full or a line is\n"
     "refused. Return where it stopped, the number of the line there, why (AT_END, REFUSED, FULL), a list of\n"
     "(columns, rows, bytes) of what came, and None or, where one value of the line there was refused and\n"
     "nothing else, its columns, the place of its column, where the value begins and ends, and the line ends."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_doc, "Decodes RECORD lines into the Columns of their streams."},
    {Py_tp_dealloc, scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    .name = "target_oracle._columns.Scanner",
    .basicsize = sizeof(Scanner),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = scanner_slots,
};

/* --- the module */

/*
 * Buffers of a batch come and go with it. glibc gives those of some size back to the system each time, which
 * then clears every page anew: a few per cent of a run. Up to these sizes it keeps them for the next batch.
 */
static PyObject *keep_memory(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"keep_memory", keep_memory, METH_NOARGS, "Let freed memory stay with the process for the next batch."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject *add_type(PyObject *module, const char *name, PyType_Spec *spec) {
    PyObject *type = PyType_FromSpec(spec);
    if (type == NULL) return NULL;
    if (PyModule_AddObjectRef(module, name, type) < 0) Py_CLEAR(type);
    return (PyTypeObject *)type; /* this reference stays: the types live as long as the process */
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_columns",
    .m_doc = "RECORD lines -> columns, compiled.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__columns(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    fill_tens();
    lines_type = add_type(module, "Lines", &lines_spec);
    plan_type = add_type(module, "Plan", &plan_spec);
    columns_type = add_type(module, "Columns", &columns_spec);
    PyTypeObject *scanner = add_type(module, "Scanner", &scanner_spec);
    if (!lines_type || !plan_type || !columns_type || !scanner ||
        PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0 ||
        PyModule_AddIntConstant(module, "AT_END", AT_END) < 0 ||
        PyModule_AddIntConstant(module, "REFUSED", REFUSED) < 0 ||
        PyModule_AddIntConstant(module, "FULL", FULL) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
