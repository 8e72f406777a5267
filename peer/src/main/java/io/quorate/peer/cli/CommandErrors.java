package io.quorate.peer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IExitCodeExceptionMapper;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns whatever a command throws into one line on standard error and an exit code: {@code IllegalArgumentException} and
 * files that are not there are wrong input (2), everything else is a failure (1). With {@code --debug} the stack follows.
 */
public final class CommandErrors
        implements IParameterExceptionHandler, IExecutionExceptionHandler, IExitCodeExceptionMapper {
    public static final int FAILED = 1;
    static final int WRONG_INPUT = 2;

    /** How picocli lists the constants of an enum. */
    private static final Pattern ENUM_VALUES =
            Pattern.compile("expected one of \\[([A-Z0-9_, ]+)] \\(case-(?:in)?sensitive\\) but was ('.*')");

    @Override
    public int handleParseException(final ParameterException error, final String[] args) {
        final CommandLine command = error.getCommandLine();
        final PrintWriter err = command.getErr();
        err.println(prefix(command) + complaint(error) + "; see ./"
                + command.getCommandSpec().qualifiedName() + " --help");
        err.flush();
        return WRONG_INPUT;
    }

    @Override
    public int handleExecutionException(final Exception error, final CommandLine command, final ParseResult parsed) {
        final PrintWriter err = command.getErr();
        err.println(prefix(command) + describe(error));
        if (((QuorateCommand) command.getCommandSpec().root().userObject()).debug()) {
            printStack(error, err);
        }
        err.flush();
        return getExitCode(error);
    }

    @Override
    public int getExitCode(final Throwable error) {
        final Throwable cause = unwrapped(error);
        final boolean wrongInput = cause instanceof IllegalArgumentException
                || cause instanceof NoSuchFileException
                || cause instanceof FileAlreadyExistsException
                || cause instanceof NotDirectoryException;
        return wrongInput ? WRONG_INPUT : FAILED;
    }

    /** One line that says what went wrong, for people. */
    static String describe(final Throwable error) {
        final Throwable cause = unwrapped(error);
        final String message = oneLine(cause.getMessage());
        if (cause instanceof NoSuchFileException) {
            return "no such file: " + message;
        }
        if (cause instanceof AccessDeniedException) {
            return "access denied: " + message;
        }
        if (cause instanceof FileAlreadyExistsException) {
            return "already there: " + message;
        }
        if (cause instanceof NotDirectoryException) {
            return "not a folder: " + message;
        }
        if (message.isEmpty() || !tellsItself(cause)) {
            return cause.getClass().getSimpleName() + (message.isEmpty() ? "" : ": " + message);
        }
        return message;
    }

    private static boolean tellsItself(final Throwable error) {
        return error instanceof IllegalArgumentException
                || error instanceof IllegalStateException
                || error instanceof IOException;
    }

    private static Throwable unwrapped(final Throwable error) {
        return error instanceof UncheckedIOException && error.getCause() != null ? error.getCause() : error;
    }

    private static void printStack(final Throwable error, final PrintWriter err) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            err.println(cause == error ? cause.toString() : "Caused by: " + cause);
            for (final StackTraceElement frame : cause.getStackTrace()) {
                err.println("    at " + frame);
            }
        }
    }

    private static String complaint(final ParameterException error) {
        if (!(error instanceof final UnmatchedArgumentException unmatched) || unmatched.isUnknownOption()) {
            return inPlainWords(oneLine(error.getMessage()).replaceFirst("^Error: ", ""));
        }
        final boolean command = !error.getCommandLine().getSubcommands().isEmpty();
        final String given = "unknown " + (command ? "command" : "argument") + " \""
                + unmatched.getUnmatched().get(0) + "\"";
        final List<String> suggestions = unmatched.getSuggestions();
        return suggestions.isEmpty() ? given : given + ", did you mean " + String.join(" or ", suggestions) + "?";
    }

    /** The values of an enum as people write them, in place of its constants, and no names of Java's types. */
    private static String inPlainWords(final String message) {
        final Matcher values = ENUM_VALUES.matcher(
                message.replaceFirst("' is not an int$", "' is no whole number up to " + Integer.MAX_VALUE)
                        .replaceFirst("' is not a long$", "' is no whole number up to " + Long.MAX_VALUE)
                        .replaceFirst("' is not a double$", "' is no number"));
        return values.replaceFirst(match -> Matcher.quoteReplacement(
                "allowed are " + match.group(1).toLowerCase(Locale.ROOT) + ", given " + match.group(2)));
    }

    private static String prefix(final CommandLine command) {
        return command.getCommandSpec().qualifiedName() + ": ";
    }

    private static String oneLine(final String message) {
        return message == null ? "" : message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
