/* A WSGI response's body; see `wsgi._Body`. */
typedef struct {
    PyObject_HEAD
    PyObject *body, *iterator, *exchange;
    int begun;
} Body;

static PyObject *body_next(Body *self)
{
    PyObject *part = Py_TYPE(self->iterator)->tp_iternext(self->iterator);
    if (part != NULL) {
        if (!self->begun && (self->begun = PyObject_IsTrue(part)) < 0)
            Py_CLEAR(part);
        return part;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    if (type == NULL || PyErr_GivenExceptionMatches(type, PyExc_StopIteration)) {
        PyErr_Restore(type, error, traceback);
        return NULL;
    }
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(error, traceback);
    PyObject *told = PyObject_CallMethodObjArgs(self->exchange, m_fail, error,
                                                self->begun ? Py_False : Py_True, NULL);
    if (told == NULL) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        return NULL;
    }
    Py_DECREF(told);
    PyErr_Restore(type, error, traceback);
    return NULL;
}

static PyObject *body_close(Body *self, PyObject *none)
{
    (void)none;
    PyObject *close = PyObject_GetAttr(self->body, m_close), *closed = NULL;
    PyObject *type, *error, *traceback;
    if (close != NULL && close != Py_None)
        closed = PyObject_CallNoArgs(close);
    else if (close == NULL && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    Py_XDECREF(close);
    Py_XDECREF(closed);
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *done = PyObject_CallMethodNoArgs(self->exchange, m_finish);
    if (type == NULL)
        return done;
    Py_XDECREF(done);
    PyErr_Restore(type, error, traceback);
    return NULL;
}

static int body_traverse(Body *self, visitproc visit, void *arg)
{
    Py_VISIT(self->body);
    Py_VISIT(self->iterator);
    Py_VISIT(self->exchange);
    return 0;
}

static int body_clear(Body *self)
{
    Py_CLEAR(self->body);
    Py_CLEAR(self->iterator);
    Py_CLEAR(self->exchange);
    return 0;
}

static void body_dealloc(Body *self)
{
    PyObject_GC_UnTrack(self);
    body_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef body_methods[] = {
    {"close", (PyCFunction)body_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject BodyType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "clew._path_native.Body",
    .tp_basicsize = sizeof(Body),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = (destructor)body_dealloc,
    .tp_traverse = (traverseproc)body_traverse,
    .tp_clear = (inquiry)body_clear,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)body_next,
    .tp_methods = body_methods,
};

/* body(body, exchange) → the body, whose end, or `close`, is the end of the exchange. */
static PyObject *path_body(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 2 || !Py_IS_TYPE(given[1], (PyTypeObject *)self->kind)) {
        PyErr_Format(PyExc_TypeError, "body takes a body and a %R", self->kind);
        return NULL;
    }
    PyObject *iterator = PyObject_GetIter(given[0]);
    Body *made = iterator == NULL ? NULL : PyObject_GC_New(Body, &BodyType);
    if (made == NULL) {
        Py_XDECREF(iterator);
        return NULL;
    }
    made->body = kept(given[0]);
    made->iterator = iterator;
    made->exchange = kept(given[1]);
    made->begun = 0;
    PyObject_GC_Track(made);
    return (PyObject *)made;
}
