package io.quorate.peer.cli;

import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.quorum.Quorum;
import io.quorate.peer.format.DecisionJson;
import io.quorate.peer.format.DecisionText;
import io.quorate.peer.format.JsonLine;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks proofs of decisions, without the group. */
@Command(
        name = "certificate",
        description = "Check the proof of a decision, offline.",
        subcommands = CertificateCommand.Verify.class)
final class CertificateCommand extends CommandGroup {
    /** Exit code 0 only if f + 1 members of the roster signed exactly the decision in the file. */
    @Command(
            name = "verify",
            description = {
                "Check that f + 1 peers of the roster signed the decision in a file, and that no field was changed since.",
                "The file holds one decision as contribute or demo prints it with --json; - reads standard input."
            })
    static final class Verify implements Callable<Integer> {
        private static final long FILE_LENGTH_MAX = 16L << 20;

        @Spec
        private CommandSpec spec;

        @Option(names = "--roster", paramLabel = "FILE", required = true, description = "The group's roster.")
        private Path rosterFile;

        @Option(names = "--json", description = "Print one JSON object.")
        private boolean json;

        @Parameters(paramLabel = "CERT.json", description = "The decision with its certificate.")
        private Path file;

        @Override
        public Integer call() throws IOException {
            final Roster roster = Roster.read(rosterFile);
            final Map<String, Object> event;
            final Decision decision;
            final Certificate certificate;
            try {
                event = JsonLine.read(read());
                decision = DecisionJson.decision(event);
                certificate = DecisionJson.certificate(event);
            } catch (final IllegalArgumentException e) {
                throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
            }
            if (certificate.epoch() != roster.epoch()) {
                throw new IllegalStateException("not valid: the certificate is of epoch " + certificate.epoch()
                        + ", the roster of epoch " + roster.epoch());
            }
            final Quorum quorum = Quorum.of(roster.size());
            final Certificate.Verdict verdict =
                    certificate.verify(new Ed25519Verifier(Ed25519Provider.choose(), roster), quorum, decision);
            if (verdict != Certificate.Verdict.VALID) {
                throw new IllegalStateException("not valid: " + verdict.sentence());
            }
            print(certificate, roster, quorum);
            return 0;
        }

        private String read() throws IOException {
            if ("-".equals(file.toString())) {
                return new String(System.in.readNBytes((int) FILE_LENGTH_MAX), StandardCharsets.UTF_8);
            }
            if (Files.size(file) > FILE_LENGTH_MAX) {
                throw new IllegalArgumentException(file + " is longer than " + FILE_LENGTH_MAX + " bytes");
            }
            return Files.readString(file);
        }

        private void print(final Certificate certificate, final Roster roster, final Quorum quorum) {
            if (json) {
                final Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("event", "certificate");
                fields.put("valid", true);
                fields.put("round", certificate.round());
                fields.put("digest", certificate.digest());
                fields.put(
                        "signers",
                        certificate.signatures().stream()
                                .map(Certificate.Signature::peerId)
                                .toList());
                spec.commandLine().getOut().println(JsonLine.write(fields));
                return;
            }
            final String signers = String.join(
                    ", ",
                    certificate.signatures().stream()
                            .map(signature -> roster.peer(signature.peerId()).name())
                            .toList());
            spec.commandLine()
                    .getOut()
                    .println("valid: round " + DecisionText.printable(certificate.round()) + " with digest "
                            + certificate.digest() + " is signed by " + signers + "; " + quorum.oneCorrect()
                            + " signatures prove it");
        }
    }
}
