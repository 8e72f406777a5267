package io.quorate.peer.doctor;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What one check of {@code doctor} came to.
 *
 * @param check its name
 * @param found what is there
 * @param advice what to change; empty if nothing
 */
record Finding(String check, Verdict verdict, String found, String advice) {
    /** How bad it is. */
    enum Verdict {
        OK,
        /** A peer runs, but slower or less safely than it could. */
        WARN,
        /** A peer does not start, or not as it should. */
        FAIL
    }

    static Finding ok(final String check, final String found) {
        return new Finding(check, Verdict.OK, found, "");
    }

    static Finding warn(final String check, final String found, final String advice) {
        return new Finding(check, Verdict.WARN, found, advice);
    }

    static Finding fail(final String check, final String found, final String advice) {
        return new Finding(check, Verdict.FAIL, found, advice);
    }

    Map<String, Object> json() {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("check", check);
        fields.put("verdict", verdict.name().toLowerCase(Locale.ROOT));
        fields.put("found", found);
        fields.put("advice", advice);
        return fields;
    }
}
