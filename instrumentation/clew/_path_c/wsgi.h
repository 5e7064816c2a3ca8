/* A WSGI environ → the exchange. */

/* What an environ says. */
enum { V_STATE, V_BAGGAGE, V_SCRIPT, V_PATH, V_QUERY, V_HOST, V_NAME, V_METHOD, V_SCHEME, V_VERSION,
       V_CLIENT, V_AGENT, V_PARENT, V_COUNT };
static PyObject **const ENVIRON_KEYS[] = {&e_state, &e_baggage, &e_script, &e_path, &e_query, &e_host,
    &e_name, &e_method, &e_scheme, &e_protocol, &e_address, &e_agent, &e_parent};

/* 1 for text in ASCII. */
static int is_ascii(PyObject *text)
{
    return PyUnicode_CheckExact(text) && PyUnicode_IS_ASCII(text);
}

/* The correlation id of a request, sent or new; NULL where it is odd, or with an error. */
static PyObject *environ_thread(Path *self, PyObject *environ)
{
    char digits[32];
    Py_ssize_t size;
    for (Py_ssize_t id = 0; id < PyTuple_GET_SIZE(self->correlation); id++) {
        PyObject *text = got(environ, PyTuple_GET_ITEM(self->correlation, id));
        if (text != Py_None) {
            const char *data = is_ascii(text) ? PyUnicode_AsUTF8AndSize(text, &size) : NULL;
            if (data == NULL || !valid_thread(data, size))
                Py_CLEAR(text);
            return text;
        }
        Py_DECREF(text);
    }
    return new_thread(digits);
}

/* wsgi(middleware, environ, start_response) → the exchange, begun; or None. */
static PyObject *path_wsgi(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "wsgi takes 3 arguments");
        return NULL;
    }
    PyObject *environ = given[1], *told[V_COUNT] = {NULL}, *made = NULL, *host;
    PyObject *caller = NULL, *thread = NULL, *parent = NULL, *path = NULL, *query = NULL;
    if (!PyDict_CheckExact(environ))
        Py_RETURN_NONE;
    get(environ, ENVIRON_KEYS, told, V_COUNT);
    host = told[V_HOST];
    if (told[V_STATE] != Py_None || told[V_BAGGAGE] != Py_None || !is_ascii(told[V_PATH])
        || told[V_METHOD] == Py_None || (host != Py_None && !PyUnicode_CheckExact(host))
        || (told[V_SCRIPT] != Py_None && !is_ascii(told[V_SCRIPT]))
        || (told[V_QUERY] != Py_None && !PyUnicode_CheckExact(told[V_QUERY])) || processed(self))
        goto other;
    if (host == Py_None || PyUnicode_GET_LENGTH(host) == 0)
        host = told[V_NAME];
    caller = caller_of(self, told[V_METHOD], told[V_SCHEME], host, told[V_VERSION], told[V_CLIENT],
                       told[V_AGENT]);
    if (caller == NULL)
        goto other;
    if (told[V_PARENT] != Py_None) {
        Py_ssize_t size;
        const char *line = is_ascii(told[V_PARENT])
                               ? PyUnicode_AsUTF8AndSize(told[V_PARENT], &size) : NULL;
        if (line == NULL || (parent = parent_of(line, size)) == NULL)
            goto other;
    }
    if ((thread = environ_thread(self, environ)) == NULL)
        goto other;
    path = told[V_SCRIPT] == Py_None || PyUnicode_GET_LENGTH(told[V_SCRIPT]) == 0
               ? kept(told[V_PATH]) : PyUnicode_Concat(told[V_SCRIPT], told[V_PATH]);
    if (path == NULL)
        goto other;
    if (told[V_QUERY] != Py_None && PyUnicode_GET_LENGTH(told[V_QUERY])
        && (query = PyObject_CallOneArg(redacted_query, told[V_QUERY])) == NULL)
        goto other;
    made = new_exchange(self, given[0], caller, thread, parent, path, query);
    if (made == NULL)
        goto other;
    const Py_ssize_t *at = self->at;
    SLOT(made, at[W_ENVIRON]) = kept(environ);
    SLOT(made, at[W_RESPONSE]) = kept(given[2]);
    SLOT(made, at[W_PATH]) = kept(path);
    SLOT(made, at[W_ROUTE]) = kept(Py_None);
other:
    drop(told, V_COUNT);
    Py_XDECREF(caller);
    Py_XDECREF(thread);
    Py_XDECREF(parent);
    Py_XDECREF(path);
    Py_XDECREF(query);
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}
