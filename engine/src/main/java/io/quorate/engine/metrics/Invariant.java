package io.quorate.engine.metrics;

/**
 * A condition that correct code cannot break; checked always, in production too. A peer whose invariant is broken stops:
 * that is a crash fault, which the group survives, where going on might be a lie, which it might not.
 */
public final class Invariant {
    private Invariant() {}

    /** @throws Broken if the condition does not hold */
    public static void check(final boolean condition, final String statement) {
        if (!condition) {
            throw new Broken(statement);
        }
    }

    /** As {@link #check(boolean, String)}, with the two numbers that the statement is about. */
    public static void check(final boolean condition, final String statement, final long left, final long right) {
        if (!condition) {
            throw new Broken(statement + ": " + left + ", " + right);
        }
    }

    /** Thrown by a broken invariant; the agent that sees it stops. */
    public static final class Broken extends IllegalStateException {
        private static final long serialVersionUID = 1L;

        Broken(final String statement) {
            super("broken invariant: " + statement);
        }
    }
}
