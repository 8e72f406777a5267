package io.quorate.engine.planted;

/**
 * One change of one production method. What takes the place of the rule is a static method of {@code BrokenRules}: it gets the
 * object, then the arguments. Those of membership stand in its own package, whose classes they use.
 *
 * @param owner class below {@code io.quorate.engine}, as the class file names it
 * @param target the method or field inside {@code method} that is meant; empty if it is the method itself
 * @param broken method of {@code BrokenRules}; empty if {@code answer} says all
 */
record Edit(Kind kind, String owner, String method, String target, String broken, boolean answer) {
    enum Kind {
        INSTEAD,
        FIRST,
        CALLING,
        READING,
        ANSWERING
    }

    /** Class that has the method that takes the rule's place. */
    String rules() {
        return owner.startsWith("membership.") ? "membership.BrokenRules" : "pbft.BrokenRules";
    }

    /** The whole method does this instead. */
    static Edit instead(final String owner, final String method, final String broken) {
        return new Edit(Kind.INSTEAD, owner, method, "", broken, false);
    }

    /** The method does this first. */
    static Edit first(final String owner, final String method, final String broken) {
        return new Edit(Kind.FIRST, owner, method, "", broken, false);
    }

    /** Where the method calls another one, it calls this instead. */
    static Edit calling(final String owner, final String method, final String callee, final String broken) {
        return new Edit(Kind.CALLING, owner, method, callee, broken, false);
    }

    /** Where the method reads a flag, it reads this. */
    static Edit reading(final String owner, final String method, final String field, final boolean answer) {
        return new Edit(Kind.READING, owner, method, field, "", answer);
    }

    /** A test that always has this answer; of a method without a result, that it does nothing. */
    static Edit answering(final String owner, final String method, final boolean answer) {
        return new Edit(Kind.ANSWERING, owner, method, "", "", answer);
    }
}
