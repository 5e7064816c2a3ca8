/* An ASGI scope → the exchange. */

static inline int is_named(PyObject *name, const char *text, Py_ssize_t size)
{
    return PyBytes_GET_SIZE(name) == size && memcmp(PyBytes_AS_STRING(name), text, (size_t)size) == 0;
}
#define NAMED(name, text) is_named(name, text, sizeof(text) - 1)

/* What a scope and its headers say. */
enum { G_HEADERS, G_PATH, G_QUERY, G_METHOD, G_SCHEME, G_VERSION, G_CLIENT, G_KEYS,
       G_HOST = G_KEYS, G_AGENT, G_PARENT, G_THREAD, G_COUNT };
static PyObject **const SCOPE_KEYS[] = {&k_headers, &k_path, &k_query, &k_method, &k_scheme,
                                        &k_http_version, &k_client};

/* 1 if the headers of a scope are common; 0 if not. The last one of a name counts, as in a dict. */
static int read_headers(Path *self, PyObject **told)
{
    PyObject *headers = told[G_HEADERS];
    Py_ssize_t ids = PyTuple_GET_SIZE(self->correlation), first = ids;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(headers); at++) {
        PyObject *pair = PyList_GET_ITEM(headers, at);
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2)
            return 0;
        PyObject *name = PyTuple_GET_ITEM(pair, 0), *value = PyTuple_GET_ITEM(pair, 1);
        if (!PyBytes_CheckExact(name) || !PyBytes_CheckExact(value))
            return 0;
        PyObject **said = NULL;
        if (NAMED(name, "host"))
            said = &told[G_HOST];
        else if (NAMED(name, "user-agent"))
            said = &told[G_AGENT];
        else if (NAMED(name, "traceparent"))
            said = &told[G_PARENT];
        else if (NAMED(name, "tracestate") || NAMED(name, "baggage"))
            return 0;
        if (said != NULL)
            Py_XSETREF(*said, kept(value));
        for (Py_ssize_t id = 0; id <= first && id < ids; id++) {
            PyObject *wanted = PyTuple_GET_ITEM(self->correlation, id);
            if (is_named(name, PyBytes_AS_STRING(wanted), PyBytes_GET_SIZE(wanted))) {
                Py_XSETREF(told[G_THREAD], kept(value));
                first = id;
            }
        }
    }
    return 1;
}

/* The correlation id of a request, sent or new, as text and as bytes: 1; 0 where it is odd, -1 with
   an error. */
static int thread_of(PyObject *sent, PyObject **thread, PyObject **id)
{
    char digits[32];
    if (sent == NULL) {
        *thread = new_thread(digits);
        *id = *thread ? PyBytes_FromStringAndSize(digits, 32) : NULL;
    } else {
        const char *text = PyBytes_AS_STRING(sent);
        if (!valid_thread(text, PyBytes_GET_SIZE(sent)))
            return 0;
        *thread = PyUnicode_FromStringAndSize(text, PyBytes_GET_SIZE(sent));
        *id = kept(sent);
    }
    return *thread && *id ? 1 : -1;
}

/* asgi(middleware, scope, receive, send) → the exchange, begun; or None. */
static PyObject *path_asgi(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "asgi takes 4 arguments");
        return NULL;
    }
    PyObject *scope = given[1], *told[G_COUNT] = {NULL}, *made = NULL;
    PyObject *caller = NULL, *thread = NULL, *parent = NULL, *id = NULL, *query = NULL;
    if (!PyDict_CheckExact(scope))
        Py_RETURN_NONE;
    get(scope, SCOPE_KEYS, told, G_KEYS);
    if (!PyList_CheckExact(told[G_HEADERS]) || !PyUnicode_Check(told[G_PATH])
        || (told[G_QUERY] != Py_None && !PyBytes_CheckExact(told[G_QUERY]))
        || told[G_METHOD] == Py_None || !read_headers(self, told))
        goto other;
    if (processed(self) || nothing_current() != 1)
        goto other;
    caller = caller_of(self, told[G_METHOD], told[G_SCHEME],
                       told[G_HOST] ? told[G_HOST] : Py_None, told[G_VERSION], told[G_CLIENT],
                       told[G_AGENT] ? told[G_AGENT] : Py_None);
    if (caller == NULL)
        goto other;
    if (told[G_PARENT] != NULL) {
        PyObject *line = told[G_PARENT];
        parent = parent_of(PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line));
        if (parent == NULL)
            goto other;
    }
    if (thread_of(told[G_THREAD], &thread, &id) != 1)
        goto other;
    if (told[G_QUERY] != Py_None && PyBytes_GET_SIZE(told[G_QUERY])) {
        PyObject *text = PyUnicode_DecodeLatin1(PyBytes_AS_STRING(told[G_QUERY]),
                                                PyBytes_GET_SIZE(told[G_QUERY]), NULL);
        query = text ? PyObject_CallOneArg(redacted_query, text) : NULL;
        Py_XDECREF(text);
        if (query == NULL)
            goto other;
    }
    made = new_exchange(self, given[0], caller, thread, parent, told[G_PATH], query);
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
    drop(told, G_COUNT);
    Py_XDECREF(caller);
    Py_XDECREF(thread);
    Py_XDECREF(parent);
    Py_XDECREF(id);
    Py_XDECREF(query);
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}
