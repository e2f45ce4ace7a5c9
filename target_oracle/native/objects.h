/* Objects of the module's own types, by the calls that the limited API has for them. */

#ifndef TARGET_ORACLE_OBJECTS_H
#define TARGET_ORACLE_OBJECTS_H

#include <Python.h>

/* A new object of TYPE, all zeros behind its head; NULL with an exception. */
static inline PyObject *make_object(PyTypeObject *type) {
    return ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
}

/* What a tp_dealloc ends with. */
static inline void free_object(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

#endif
