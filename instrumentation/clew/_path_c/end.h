/* The end of an exchange. */

/* Hand `span` over, ended at `end` and to be measured. Steals `measured`. */
static int hand_over(Path *self, PyObject *span, PyObject *end, PyObject *histogram, PyObject *measured)
{
    Py_XSETREF(SLOT(span, span_at[S_HISTOGRAM]), kept(histogram));
    Py_XSETREF(SLOT(span, span_at[S_MEASURED]), measured);
    Py_XSETREF(SLOT(span, span_at[S_END]), kept(end));
    Py_ssize_t held = PyObject_Size(self->items);
    if (held < 0)
        return -1;
    PyObject *done = PyObject_CallOneArg(held < self->high ? self->append : self->put, span);
    if (done == NULL)
        return -1;
    Py_DECREF(done);
    return 0;
}

/* 1 if a status is that of an answer that is no server's error. */
static int is_ordinary(PyObject *status)
{
    long code = PyLong_CheckExact(status) ? PyLong_AsLong(status) : 0;
    if (code == -1)
        PyErr_Clear();
    return code > 0 && code < 500;
}

/* End an exchange's span and hand it over: 1, 0 where that is left to Python, -1 with an error. */
static int ended(Path *self, PyObject *exchange, PyObject *route, PyObject *end, PyObject *histogram)
{
    const Py_ssize_t *at = self->at;
    PyObject *span = SLOT(exchange, at[X_SPAN]), *error = SLOT(exchange, at[X_ERROR]);
    PyObject *method = SLOT(exchange, at[X_METHOD]), *status = SLOT(exchange, at[X_STATUS]);
    if (!Py_IS_TYPE(span, (PyTypeObject *)ClewSpan) || histogram == Py_None || !is_ordinary(status)
        || !PyUnicode_CheckExact(error) || PyUnicode_GET_LENGTH(error)
        || (route != Py_None && !PyUnicode_CheckExact(route)))
        return 0;
    int busy = processed(self);
    PyObject *attributes = SLOT(span, span_at[S_ATTRIBUTES]);
    if (busy || !PyDict_CheckExact(attributes))
        return busy < 0 ? -1 : 0;
    PyObject *measured = PyTuple_Pack(5, method, SLOT(exchange, at[X_SCHEME]), route, status, error);
    if (measured == NULL)
        return -1;
    if (route != Py_None) {
        PyObject *name = SLOT(span, span_at[S_NAME]);
        int unnamed = PyObject_RichCompareBool(name, method, Py_EQ); /* else the application has */
        if (unnamed == 0)
            unnamed = PyObject_RichCompareBool(name, ANY_METHOD, Py_EQ);
        if (unnamed > 0) {
            PyObject *named = PyUnicode_FromFormat("%U %U", name, route);
            if (named == NULL)
                goto failed;
            Py_SETREF(SLOT(span, span_at[S_NAME]), named);
        }
        if (unnamed < 0 || PyDict_SetItem(attributes, HTTP_ROUTE, route) < 0)
            goto failed;
    }
    if (PyDict_SetItem(attributes, STATUS_CODE, status) < 0)
        goto failed;
    return hand_over(self, span, end, histogram, measured) < 0 ? -1 : 1;
failed:
    Py_DECREF(measured);
    return -1;
}

/* end(exchange, route, end, histogram) → True; False where that is left to Python. */
static PyObject *path_end(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "end takes 4 arguments");
        return NULL;
    }
    if (!PyObject_TypeCheck(given[0], (PyTypeObject *)self->kind))
        Py_RETURN_FALSE;
    int done = ended(self, given[0], given[1], given[2], given[3]);
    return done < 0 ? NULL : PyBool_FromLong(done);
}

/* What a scope says of its route, once it was found. */
enum { R_MOUNTED, R_ROUTE, R_FASTAPI, R_COUNT };
static PyObject **const ROUTE_KEYS[] = {&k_mounted, &k_route, &k_fastapi};

/* The template in the attribute `path_format`: text that is not empty; else NULL. */
static PyObject *format_of(PyObject *route)
{
    PyObject *path = PyObject_GetAttr(route, a_format);
    if (path != NULL && !(PyUnicode_CheckExact(path) && PyUnicode_GET_LENGTH(path)))
        Py_CLEAR(path);
    return path;
}

/* The template of `route`, which FastAPI may have included in another router; else NULL. */
static PyObject *included_template(PyObject *fastapi, PyObject *route)
{
    PyObject *included = got(fastapi, k_included), *path = NULL;
    if (included == Py_None) {
        path = format_of(route);
    } else {
        PyObject *original = PyObject_GetAttr(included, a_original);
        if (original != NULL)
            path = format_of(original == route ? included : route);
        Py_XDECREF(original);
    }
    Py_DECREF(included);
    return path;
}

/* The template of the route that handled `scope`, or None; NULL without an error: that is left to
   Python. See `_routes.template`. */
static PyObject *template_of(PyObject *scope)
{
    PyObject *told[R_COUNT], *path = NULL;
    if (scope == NULL || !PyDict_CheckExact(scope))
        return NULL;
    get(scope, ROUTE_KEYS, told, R_COUNT);
    if (told[R_ROUTE] == Py_None)
        path = kept(Py_None);
    else if (told[R_MOUNTED] == Py_None && told[R_FASTAPI] == Py_None)
        path = format_of(told[R_ROUTE]);
    else if (told[R_MOUNTED] == Py_None && PyDict_CheckExact(told[R_FASTAPI]))
        path = included_template(told[R_FASTAPI], told[R_ROUTE]);
    drop(told, R_COUNT);
    if (path == NULL && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear(); /* a route of another kind */
    return path;
}

/* finish(exchange, histogram) → True: the end of an ASGI exchange; False where that is left to
   Python. */
static PyObject *path_finish(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "finish takes 2 arguments");
        return NULL;
    }
    PyObject *exchange = given[0];
    if (!PyObject_TypeCheck(exchange, (PyTypeObject *)self->kind))
        Py_RETURN_FALSE;
    PyObject *end = SLOT(exchange, self->at[A_END]);
    if (end == zero)
        Py_RETURN_FALSE;
    PyObject *route = template_of(SLOT(exchange, self->at[A_ROUTED]));
    if (route == NULL) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_FALSE;
    }
    int done = ended(self, exchange, route, end, given[1]);
    Py_DECREF(route);
    return done < 0 ? NULL : PyBool_FromLong(done);
}
