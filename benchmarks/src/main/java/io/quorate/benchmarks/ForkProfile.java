package io.quorate.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The JVM arguments of a benchmark's forks: the argument files of {@code native-profiles}, the same that the launcher and the
 * tests read. They are looked for from the jar upwards and from the working directory upwards.
 */
public final class ForkProfile {
    /** System property: name of the CPU's file without its ending. The argument files themselves set it. */
    public static final String PROFILE = "quorate.native.profile";

    private static final String FOLDER = "native-profiles";

    private ForkProfile() {}

    /** @throws IOException if there is no such folder or no such file in it */
    public static String[] arguments() throws IOException {
        final Path folder = folder();
        final String profile = System.getProperty(PROFILE, "portable");
        return new String[] {argument(folder, "base"), argument(folder, profile)};
    }

    private static String argument(final Path folder, final String name) throws IOException {
        final Path file = folder.resolve(name + ".args");
        if (!Files.isReadable(file)) {
            throw new IOException("there is no " + file + "; -D" + PROFILE + " names a file in that folder");
        }
        return "@" + file;
    }

    private static Path folder() throws IOException {
        for (final Path start : new Path[] {codeLocation(), Path.of("").toAbsolutePath()}) {
            for (Path candidate = start; candidate != null; candidate = candidate.getParent()) {
                final Path folder = candidate.resolve(FOLDER);
                if (Files.isReadable(folder.resolve("base.args"))) {
                    return folder;
                }
            }
        }
        throw new IOException("the folder " + FOLDER + " was not found above the jar nor above the working directory");
    }

    private static Path codeLocation() throws IOException {
        try {
            final URI location = ForkProfile.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI();
            return Path.of(location);
        } catch (final URISyntaxException e) {
            throw new IOException("the place of the benchmarks' jar cannot be read", e);
        }
    }
}
