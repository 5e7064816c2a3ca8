/* An ASGI scope → the exchange. */

static inline int is_named(PyObject *name, const char *text, Py_ssize_t size)
{
    return PyBytes_GET_SIZE(name) == size && memcmp(PyBytes_AS_STRING(name), text, (size_t)size) == 0;
}
#define NAMED(name, text) is_named(name, text, sizeof(text) - 1)

/* What a request's headers say; borrowed, NULL where one is missing. */
typedef struct {
    PyObject *host, *agent, *parent, *thread;
} Told;

/* 1 if the headers of a scope are common; 0 if not. The last one of a name counts, as in a dict. */
static int read_headers(Path *self, PyObject *headers, Told *told)
{
    Py_ssize_t ids = PyTuple_GET_SIZE(self->correlation), first = ids;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(headers); at++) {
        PyObject *pair = PyList_GET_ITEM(headers, at);
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2)
            return 0;
        PyObject *name = PyTuple_GET_ITEM(pair, 0), *value = PyTuple_GET_ITEM(pair, 1);
        if (!PyBytes_CheckExact(name) || !PyBytes_CheckExact(value))
            return 0;
        if (NAMED(name, "host"))
            told->host = value;
        else if (NAMED(name, "user-agent"))
            told->agent = value;
        else if (NAMED(name, "traceparent"))
            told->parent = value;
        else if (NAMED(name, "tracestate") || NAMED(name, "baggage"))
            return 0;
        for (Py_ssize_t id = 0; id <= first && id < ids; id++) {
            PyObject *wanted = PyTuple_GET_ITEM(self->correlation, id);
            if (is_named(name, PyBytes_AS_STRING(wanted), PyBytes_GET_SIZE(wanted)))
                told->thread = value, first = id;
        }
    }
    return 1;
}

/* asgi(middleware, scope, receive, send) → the exchange, begun; or None. */
static PyObject *path_asgi(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "asgi takes 4 arguments");
        return NULL;
    }
    PyObject *scope = given[1], *headers, *path, *query, *caller, *made = NULL;
    PyObject *thread = NULL, *parent = NULL, *id = NULL;
    Told told = {0};
    char digits[32];
    if (!PyDict_CheckExact(scope))
        Py_RETURN_NONE;
    headers = got(scope, k_headers), path = got(scope, k_path), query = got(scope, k_query);
    if (!PyList_CheckExact(headers) || !PyUnicode_Check(path)
        || (query != Py_None && !PyBytes_CheckExact(query)) || !read_headers(self, headers, &told))
        Py_RETURN_NONE;
    int busy = processed(self), empty = nothing_current();
    if (busy < 0 || empty < 0)
        return NULL;
    if (busy || !empty)
        Py_RETURN_NONE;
    PyObject *client = got(scope, k_client);
    caller = caller_of(self, PyTuple_Pack(6, got(scope, k_method), got(scope, k_scheme),
                                          told.host ? told.host : Py_None,
                                          got(scope, k_http_version),
                                          client, told.agent ? told.agent : Py_None));
    if (caller == NULL) {
        PyErr_Clear(); /* a client that cannot be hashed, say */
        Py_RETURN_NONE;
    }
    Py_INCREF(caller); /* the cache may be cleared meanwhile */
    if (told.parent != NULL) {
        parent = parent_of(PyBytes_AS_STRING(told.parent), PyBytes_GET_SIZE(told.parent));
        if (parent == NULL)
            goto other;
    }
    if (told.thread == NULL) {
        thread = new_thread(digits);
        id = thread ? PyBytes_FromStringAndSize(digits, 32) : NULL;
    } else {
        const char *text = PyBytes_AS_STRING(told.thread);
        if (!valid_thread(text, PyBytes_GET_SIZE(told.thread)))
            goto other;
        thread = PyUnicode_FromStringAndSize(text, PyBytes_GET_SIZE(told.thread));
        id = kept(told.thread);
    }
    if (thread == NULL || id == NULL)
        goto other;
    if (query == Py_None || PyBytes_GET_SIZE(query) == 0) {
        query = NULL;
    } else {
        PyObject *text = PyUnicode_DecodeLatin1(PyBytes_AS_STRING(query), PyBytes_GET_SIZE(query), NULL);
        query = text ? PyObject_CallOneArg(redacted_query, text) : NULL;
        Py_XDECREF(text);
        if (query == NULL)
            goto other;
    }
    made = new_exchange(self, given[0], caller, thread, parent, path, query);
    Py_XDECREF(query);
    if (made == NULL)
        goto other;
    const Py_ssize_t *at = self->at;
    SLOT(made, at[A_SCOPE]) = kept(scope);
    SLOT(made, at[A_ROUTED]) = kept(scope);
    SLOT(made, at[A_RECEIVE]) = kept(given[2]);
    SLOT(made, at[A_SEND]) = kept(given[3]);
    SLOT(made, at[A_END]) = kept(zero);
    SLOT(made, at[A_TRAILERS]) = kept(Py_False);
    SLOT(made, at[A_LEFT]) = kept(Py_False);
    if ((SLOT(made, at[A_HEADER]) = PyTuple_Pack(2, self->id_header, id)) == NULL)
        Py_CLEAR(made);
other:
    Py_DECREF(caller);
    Py_XDECREF(thread);
    Py_XDECREF(parent);
    Py_XDECREF(id);
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}
