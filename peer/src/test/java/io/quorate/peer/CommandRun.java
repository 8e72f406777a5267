package io.quorate.peer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** One command line run inside this process: its exit code and what it printed. */
public record CommandRun(int exitCode, String out, String err) {
    public static CommandRun of(final Object... args) {
        final String[] words = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            words[i] = args[i].toString();
        }
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final int exitCode = PeerMain.run(words, out, err);
        return new CommandRun(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
