/* One user of the path: a server's middleware, or the hook of a client library. */
typedef struct {
    PyObject_HEAD
    PyObject *tracer, *processor, *put, *append, *items;
    Py_ssize_t high;
    PyObject *known;       /* dict: key → Caller, or → _Place */
    PyObject *correlation; /* tuple of header names; of a client one, which it writes */
    PyObject *id_header;   /* name of the response's header (ASGI: bytes) */
    PyObject *kind;        /* the class of exchange, or of call */
    vectorcallfunc call;   /* of what the application is given to answer with */
    Py_ssize_t at[A_COUNT];
} Path;

/* 1 if somebody's span processor wants to see spans; -1 with an error. */
static int processed(Path *self)
{
    PyObject *processors = PyObject_GetAttr(self->processor, processors_name);
    if (processors == NULL)
        return -1;
    int some = PyObject_IsTrue(processors);
    Py_DECREF(processors);
    return some;
}
