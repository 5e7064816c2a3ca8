/* A WSGI environ → the exchange. */

/* wsgi(middleware, environ, start_response) → the exchange, begun; or None. */
static PyObject *path_wsgi(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "wsgi takes 3 arguments");
        return NULL;
    }
    PyObject *environ = given[1], *caller, *thread = NULL, *parent = NULL, *made = NULL;
    PyObject *path = NULL, *text;
    if (!PyDict_CheckExact(environ) || got(environ, e_state) != Py_None
        || got(environ, e_baggage) != Py_None)
        Py_RETURN_NONE;
    PyObject *script = got(environ, e_script), *info = got(environ, e_path);
    PyObject *query = got(environ, e_query), *host = got(environ, e_host);
    if (!PyUnicode_CheckExact(info) || !PyUnicode_IS_ASCII(info)
        || (script != Py_None && (!PyUnicode_CheckExact(script) || !PyUnicode_IS_ASCII(script)))
        || (query != Py_None && !PyUnicode_CheckExact(query)))
        Py_RETURN_NONE;
    int busy = processed(self);
    if (busy < 0)
        return NULL;
    if (busy)
        Py_RETURN_NONE;
    if (!PyUnicode_Check(host) || PyUnicode_GET_LENGTH(host) == 0)
        host = got(environ, e_name);
    caller = caller_of(self, PyTuple_Pack(6, got(environ, e_method), got(environ, e_scheme), host,
                                          got(environ, e_protocol), got(environ, e_address),
                                          got(environ, e_agent)));
    if (caller == NULL) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    Py_INCREF(caller);
    Py_ssize_t size;
    const char *data;
    text = got(environ, e_parent);
    if (text != Py_None) {
        if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_ASCII(text))
            goto other;
        data = PyUnicode_AsUTF8AndSize(text, &size);
        if (data == NULL || (parent = parent_of(data, size)) == NULL)
            goto other;
    }
    for (Py_ssize_t id = 0; thread == NULL && id < PyTuple_GET_SIZE(self->correlation); id++) {
        text = got(environ, PyTuple_GET_ITEM(self->correlation, id));
        if (text == Py_None)
            continue;
        if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_ASCII(text))
            goto other;
        data = PyUnicode_AsUTF8AndSize(text, &size);
        if (data == NULL || !valid_thread(data, size))
            goto other;
        thread = kept(text);
    }
    char digits[32];
    if (thread == NULL && (thread = new_thread(digits)) == NULL)
        goto other;
    path = script == Py_None || PyUnicode_GET_LENGTH(script) == 0 ? kept(info)
                                                                 : PyUnicode_Concat(script, info);
    if (path == NULL)
        goto other;
    if (query == Py_None || PyUnicode_GET_LENGTH(query) == 0)
        query = NULL;
    else if ((query = PyObject_CallOneArg(redacted_query, query)) == NULL)
        goto other;
    made = new_exchange(self, given[0], caller, thread, parent, path, query);
    Py_XDECREF(query);
    if (made == NULL)
        goto other;
    const Py_ssize_t *at = self->at;
    SLOT(made, at[W_ENVIRON]) = kept(environ);
    SLOT(made, at[W_RESPONSE]) = kept(given[2]);
    SLOT(made, at[W_PATH]) = kept(path);
    SLOT(made, at[W_ROUTE]) = kept(Py_None);
other:
    Py_DECREF(caller);
    Py_XDECREF(thread);
    Py_XDECREF(parent);
    Py_XDECREF(path);
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}
