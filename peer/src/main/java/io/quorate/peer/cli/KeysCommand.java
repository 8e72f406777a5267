package io.quorate.peer.cli;

import io.quorate.transport.auth.PeerIdentity;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes the identity of a peer. */
@Command(name = "keys", description = "Make the key pair of a peer.", subcommands = KeysCommand.Generate.class)
final class KeysCommand extends CommandGroup {
    static final String PRIVATE_FILE = "identity.key";
    static final String PUBLIC_FILE = "identity.pub";

    /** Writes both files; never over others. */
    @Command(
            name = "generate",
            description = "Write a new Ed25519 key pair: identity.key (secret, mode 0600) and identity.pub.")
    static final class Generate implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder for the two files.")
        private Path folder;

        @Override
        public Integer call() throws IOException {
            if (!Files.exists(folder)) {
                Files.createDirectories(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            final Path privateFile = folder.resolve(PRIVATE_FILE);
            final Path publicFile = folder.resolve(PUBLIC_FILE);
            for (final Path file : new Path[] {privateFile, publicFile}) {
                if (Files.exists(file)) {
                    throw new FileAlreadyExistsException(file + "; keys are never overwritten");
                }
            }
            final PeerIdentity identity = PeerIdentity.generate(new SecureRandom());
            identity.savePrivate(privateFile);
            identity.savePublic(publicFile);
            spec.commandLine().getOut().println(publicFile + " " + identity.fingerprint());
            return 0;
        }
    }
}
