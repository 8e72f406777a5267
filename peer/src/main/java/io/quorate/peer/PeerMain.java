package io.quorate.peer;

import io.quorate.peer.cli.CommandErrors;
import io.quorate.peer.cli.QuorateCommand;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/**
 * The program. Results go to standard output and nothing else does; errors are one line on standard error.
 *
 * <p>Exit codes: 0 done, 1 failed (nobody there, refused, timed out, a certificate that does not hold), 2 wrong input.
 */
public final class PeerMain {
    private PeerMain() {}

    public static void main(final String[] args) {
        // Text is UTF-8 whatever the locale says: what is printed may be read by another program.
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
        System.exit(run(args, System.out, System.err));
    }

    /** Runs one command line; returns its exit code. */
    public static int run(final String[] args, final OutputStream out, final OutputStream err) {
        final CommandErrors errors = new CommandErrors();
        final CommandLine command = new CommandLine(new QuorateCommand())
                .setOut(writer(out))
                .setErr(writer(err))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors)
                .setExitCodeExceptionMapper(errors);
        try {
            return command.execute(args);
        } catch (final OutOfMemoryError e) {
            command.getErr().println("quorate: the memory of this process does not suffice: " + e.getMessage());
            return CommandErrors.FAILED;
        }
    }

    private static PrintWriter writer(final OutputStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }
}
