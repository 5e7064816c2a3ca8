/* A span, its context, and the exchange of a request that was found common. */

/* A span. Steals `attributes`, which may be NULL after an error. */
static PyObject *new_span(Path *self, PyObject *name, PyObject *parent, PyObject *kind,
                          PyObject *attributes, PyObject *start, PyObject *shared)
{
    PyObject *context = attributes == NULL ? NULL : own_context(parent);
    PyObject *span = context == NULL ? NULL : fresh(ClewSpan);
    if (span == NULL) {
        Py_XDECREF(attributes);
        Py_XDECREF(context);
        return NULL;
    }
    SLOT(span, span_at[S_TRACER]) = kept(self->tracer);
    SLOT(span, span_at[S_NAME]) = kept(name);
    SLOT(span, span_at[S_CONTEXT]) = context;
    SLOT(span, span_at[S_PARENT]) = kept(parent == NULL ? Py_None : parent);
    SLOT(span, span_at[S_KIND]) = kept(kind);
    SLOT(span, span_at[S_ATTRIBUTES]) = attributes;
    SLOT(span, span_at[S_SHARED]) = kept(shared);
    SLOT(span, span_at[S_START]) = kept(start);
    SLOT(span, span_at[S_END]) = kept(Py_None);
    SLOT(span, span_at[S_HISTOGRAM]) = kept(Py_None);
    return span;
}

/* A copy of what `shared` begins with, and one more. */
static PyObject *attributes_of(PyObject *shared, PyObject *key, PyObject *value)
{
    PyObject *made = PyDict_Copy(SLOT(shared, shared_attributes_at));
    if (made != NULL && PyDict_SetItem(made, key, value) < 0)
        Py_CLEAR(made);
    return made;
}

/* 1 if this process's current context is empty; 0 if not; -1 with an error. */
static int nothing_current(void)
{
    PyObject *current;
    if (PyContextVar_Get(variable, NULL, &current) < 0)
        return -1;
    int empty = current != NULL && PyDict_Check(current) && PyDict_GET_SIZE(current) == 0;
    Py_XDECREF(current);
    return empty;
}

/* The context that a request is handled in. */
static PyObject *request_context(PyObject *thread, PyObject *span)
{
    PyTypeObject *type = (PyTypeObject *)Context;
    PyObject *carried = PyDict_New(), *made = NULL;
    if (carried != NULL && PyDict_SetItem(carried, CORRELATION_ID, thread) == 0)
        made = type->tp_new(type, no_arguments, NULL);
    if (made != NULL && (PyDict_SetItem(made, KEY, thread) < 0
                         || PyDict_SetItem(made, BAGGAGE_KEY, carried) < 0
                         || PyDict_SetItem(made, SPAN_KEY, span) < 0))
        Py_CLEAR(made);
    Py_XDECREF(carried);
    return made;
}

/* The name of a request's span while its route is not known; borrowed. */
static inline PyObject *span_name(PyObject *method)
{
    return method == OTHER_METHOD ? ANY_METHOD : method;
}

/* The exchange of a request that was found common: all that servers of both kinds have. `caller`
   and `thread` are borrowed. */
static PyObject *new_exchange(Path *self, PyObject *middleware, PyObject *caller, PyObject *thread,
                              PyObject *parent, PyObject *path, PyObject *query)
{
    const Py_ssize_t *at = self->at;
    PyObject *method = PyTuple_GET_ITEM(caller, 0), *shared = PyTuple_GET_ITEM(caller, 2);
    PyObject *started = PyTuple_GET_ITEM(caller, 3), *made = fresh(self->kind);
    if (made == NULL)
        return NULL;
    SLOT(made, at[X_ERROR]) = kept(nothing);
    SLOT(made, at[X_METHOD]) = kept(method);
    SLOT(made, at[X_SCHEME]) = kept(PyTuple_GET_ITEM(caller, 1));
    SLOT(made, at[X_STATUS]) = kept(zero);
    SLOT(made, at[X_THREAD]) = kept(thread);
    SLOT(made, at[X_MIDDLEWARE]) = kept(middleware);
    SLOT(made, at[X_FINISHED]) = kept(Py_False);
    SLOT(made, at[X_ENDED]) = kept(PyTuple_GET_ITEM(caller, 4));
    PyObject *start = PyObject_CallNoArgs(time_ns);
    if (start == NULL)
        goto failed;
    SLOT(made, at[X_START]) = start;
    PyObject *attributes = attributes_of(shared, CORRELATION_ID, thread);
    if (attributes != NULL && (PyDict_SetItem(attributes, URL_PATH, path) < 0
                               || (query && PyDict_SetItem(attributes, URL_QUERY, query) < 0)))
        Py_CLEAR(attributes);
    PyObject *span = new_span(self, span_name(method), parent, SERVER, attributes, start, shared);
    if (span == NULL)
        goto failed;
    SLOT(made, at[X_SPAN]) = span;
    if ((SLOT(made, at[X_CONTEXT]) = request_context(thread, span)) == NULL)
        goto failed;
    PyObject *count = PyIter_Next(started);
    if (count == NULL)
        goto failed;
    Py_DECREF(count);
    return made;
failed:
    Py_DECREF(made);
    return NULL;
}

/* What `dict` has for `key`, None where it has nothing; a reference of its own, for whatever is done
   meanwhile may run anybody's code, which may change the dict. */
static PyObject *got(PyObject *dict, PyObject *key)
{
    PyObject *value = PyDict_GetItemWithError(dict, key);
    if (value == NULL) {
        if (PyErr_Occurred())
            PyErr_Clear(); /* a key that cannot be compared; Python will say so */
        value = Py_None;
    }
    return kept(value);
}

/* The same for `count` keys. */
static void get(PyObject *dict, PyObject **const *keys, PyObject **values, int count)
{
    for (int at = 0; at < count; at++)
        values[at] = got(dict, *keys[at]);
}

static void drop(PyObject **values, int count)
{
    while (count--)
        Py_XDECREF(values[count]);
}

/* The caller of these six, if it is known and trusted; else NULL, without an error. */
static PyObject *caller_of(Path *self, PyObject *method, PyObject *scheme, PyObject *host,
                           PyObject *version, PyObject *client, PyObject *agent)
{
    PyObject *key = PyTuple_Pack(6, method, scheme, host, version, client, agent);
    PyObject *caller = key ? PyDict_GetItemWithError(self->known, key) : NULL;
    Py_XINCREF(caller);
    Py_XDECREF(key);
    if (caller == NULL)
        PyErr_Clear(); /* a client that cannot be hashed, say */
    else if (PyTuple_GET_ITEM(caller, 5) != Py_True)
        Py_CLEAR(caller);
    return caller;
}
