package io.quorate.peer.doctor;

import io.quorate.engine.ThreadingMode;
import io.quorate.peer.format.JsonLine;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Looks at the host and, if given, at a peer's files; says what to change; changes nothing. */
@Command(
        name = "doctor",
        description = {
            "Check whether a peer can run well on this host: JDK, memory for the driver, socket buffers, MTU, cores, clock,",
            "and the files of a peer if they are given. Says what to change and changes nothing; fails if a peer could not start."
        })
public final class DoctorCommand implements Callable<Integer> {
    private static final int PEERS = 4;

    @Spec
    private CommandSpec spec;

    @Option(names = "--roster", paramLabel = "FILE", description = "Roster of the group.")
    private Path roster;

    @Option(names = "--key", paramLabel = "FILE", description = "Private key of the peer.")
    private Path key;

    @Option(names = "--data", paramLabel = "DIR", description = "Data folder of the peer.")
    private Path data;

    @Option(
            names = "--threading",
            description = "How the peer's agents are to share threads; default by the number of cores.")
    private ThreadingMode threading;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        final List<Finding> findings = new ArrayList<>();
        final HostChecks host = new HostChecks(Path.of("/"));
        findings.add(HostChecks.java());
        findings.add(HostChecks.kernels());
        findings.add(host.memory(peerCount()));
        findings.addAll(host.kernelSettings(
                Path.of(System.getProperty("quorate.home", "")).resolve("native-profiles/linux-sysctl.conf")));
        findings.addAll(host.network());
        findings.add(HostChecks.cores(Runtime.getRuntime().availableProcessors(), threading));
        findings.add(host.clock());
        if (key != null) {
            findings.add(PeerChecks.key(key));
            findings.add(PeerChecks.keyFolder(key));
        }
        if (roster != null) {
            findings.add(PeerChecks.roster(roster, key));
            PeerChecks.overlay(roster).ifPresent(findings::add);
        }
        if (data != null) {
            findings.add(PeerChecks.data(data));
        }
        final boolean isHealthy = findings.stream().noneMatch(one -> one.verdict() == Finding.Verdict.FAIL);
        print(findings, isHealthy);
        return isHealthy ? 0 : 1;
    }

    private int peerCount() {
        if (roster == null || !Files.isReadable(roster)) {
            return PEERS;
        }
        try {
            return Roster.read(roster).size();
        } catch (final IOException | IllegalArgumentException told) {
            // The check of the roster says what is wrong with it.
            return PEERS;
        }
    }

    private void print(final List<Finding> findings, final boolean isHealthy) {
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            final Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("event", "doctor");
            fields.put("healthy", isHealthy);
            fields.put("checks", findings.stream().map(Finding::json).toList());
            out.println(JsonLine.write(fields));
        } else {
            for (final Finding one : findings) {
                out.printf("%-4s  %-26s %s%n", one.verdict().name().toLowerCase(Locale.ROOT), one.check(), one.found());
                if (!one.advice().isEmpty()) {
                    out.printf("%34s%s%n", "-> ", one.advice());
                }
            }
        }
        out.flush();
    }
}
