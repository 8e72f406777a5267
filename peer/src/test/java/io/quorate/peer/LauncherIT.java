package io.quorate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.format.JsonLine;
import io.quorate.peer.format.NpyBytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script as a real process. A copy of it in a small tree shows what it decides, with scripts in place of tools. */
class LauncherIT {
    private static final Path REPOSITORY = Path.of(System.getProperty("quorate.repository"));
    private static final String MODULES = "kernels transport engine peer";

    @TempDir
    private Path folder;

    @Test
    void shouldSayWhatToInstallWithoutJdk25() throws Exception {
        final Path java17 = jdk("java-17", "17.0.1");
        final Run run = run(
                folder,
                Map.of(
                        "JAVA_HOME",
                        java17.toString(),
                        "QUORATE_JDK_DIRS",
                        folder.resolve("nowhere").toString()),
                REPOSITORY.resolve("quorate").toString(),
                "--version");
        assertThat(run.exitCode).isEqualTo(2);
        assertThat(run.out).isEmpty();
        assertThat(run.err).contains("no JDK 25 found").contains("Install one");
    }

    @Test
    void shouldFindJdkByFolder() throws Exception {
        final Path tree = tree();
        jdk("jdks/java-21", "21.0.2");
        final Path jdk = jdk("jdks/java 25", "25.0.1");
        final Map<String, String> environment =
                Map.of("QUORATE_JDK_DIRS", folder.resolve("nowhere") + ":" + folder.resolve("jdks"));
        final Run run = run(folder, environment, tree.resolve("quorate").toString(), "status");
        assertThat(run.exitCode).isZero();
        assertThat(run.out).startsWith(jdk + "/bin/java ");
    }

    @Test
    void shouldBuildOnceAndAgainWhenContentsChange() throws Exception {
        final Path tree = tree();
        final Map<String, String> environment =
                Map.of("JAVA25_HOME", jdk("jdk", "25").toString());
        final String launcher = tree.resolve("quorate").toString();
        assertThat(run(folder, environment, launcher).err).contains("building").contains("done in");
        assertThat(run(folder, environment, launcher).err).isEmpty();
        Files.writeString(tree.resolve("engine/src/main/A.java"), "class A { int changed; }");
        final Run changed = run(folder, environment, launcher);
        assertThat(changed.err.lines()).hasSize(1);
        assertThat(changed.err).contains("building");
        Files.delete(tree.resolve("engine/src/main/A.java"));
        assertThat(run(folder, environment, launcher).err).contains("building");
        assertThat(run(folder, environment, launcher).err).isEmpty();
        assertThat(Files.readAllLines(tree.resolve("builds"))).hasSize(3);
    }

    @Test
    void shouldShowWhyTheBuildFailed() throws Exception {
        final Path tree = tree();
        script(tree.resolve("mvnw"), "echo noise; echo '[ERROR] cannot find symbol'; echo noise; exit 7");
        final Run run = run(
                folder,
                Map.of("JAVA25_HOME", jdk("jdk", "25").toString()),
                tree.resolve("quorate").toString());
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.out).isEmpty();
        assertThat(run.err)
                .contains("failed")
                .contains("[ERROR] cannot find symbol")
                .contains("quorate-build.log")
                .doesNotContain("noise");
    }

    @Test
    void shouldBuildOnceForTwoLaunches() throws Exception {
        final Path tree = tree();
        final Map<String, String> environment =
                Map.of("JAVA25_HOME", jdk("jdk", "25").toString());
        final String launcher = tree.resolve("quorate").toString();
        final Process first = start(folder, environment, launcher);
        final Process second = start(folder, environment, launcher);
        assertThat(finish(first).exitCode).isZero();
        assertThat(finish(second).exitCode).isZero();
        assertThat(Files.readAllLines(tree.resolve("builds"))).hasSize(1);
    }

    @Test
    void shouldWorkThroughLinksFromAnywhere() throws Exception {
        final Path tree = tree();
        final Path links = Files.createDirectories(folder.resolve("some links"));
        Files.createSymbolicLink(links.resolve("first"), tree.resolve("quorate"));
        Files.createSymbolicLink(links.resolve("second"), Path.of("first"));
        final Run run =
                run(links, Map.of("JAVA25_HOME", jdk("jdk", "25").toString()), "./second", "keys", "with blank", "");
        assertThat(run.exitCode).isZero();
        final Path real = tree.toRealPath();
        assertThat(run.out)
                .contains("@" + real + "/native-profiles/base.args")
                .contains("-Dquorate.home=" + real)
                .contains("-cp " + real + "/peer/target/quorate-peer-0.1.0.jar:" + real + "/peer/target/lib/*")
                .endsWith("io.quorate.peer.PeerMain keys with blank \n");
    }

    @Test
    void shouldTakeNamedProfile() throws Exception {
        final Path tree = tree();
        final String jdk = jdk("jdk", "25").toString();
        final String launcher = tree.resolve("quorate").toString();
        final Run named = run(folder, Map.of("JAVA25_HOME", jdk, "QUORATE_NATIVE_PROFILE", "aarch64"), launcher);
        assertThat(named.out).contains("/native-profiles/aarch64.args ").doesNotContain("x86-64");
        final Run unknown = run(folder, Map.of("JAVA25_HOME", jdk, "QUORATE_NATIVE_PROFILE", "sparc"), launcher);
        assertThat(unknown.exitCode).isEqualTo(2);
        assertThat(unknown.err).contains("sparc is unknown").contains("aarch64 portable x86-64-v3 x86-64-v4");
        assertThat(unknown.out).isEmpty();
    }

    @Test
    void shouldTakeThePeersOfBenchWhereTheyWereBuilt() throws Exception {
        final Path tree = tree();
        Files.createDirectories(tree.resolve("benchmarks/src/main"));
        final Path target = Files.createDirectories(tree.resolve("benchmarks/target"));
        Files.writeString(target.resolve("quorate-benchmarks-0.1.0-all.jar"), "");
        final String launcher = tree.resolve("quorate").toString();
        final Map<String, String> environment =
                Map.of("JAVA25_HOME", jdk("jdk", "25").toString(), "QUORATE_NO_BUILD", "1");
        assertThat(run(folder, environment, launcher, "bench", "kernels").out)
                .endsWith("-jar " + tree + "/benchmarks/target/quorate-benchmarks-0.1.0-all.jar kernels\n");
        Files.writeString(target.resolve("quorate-benchmarks-0.1.0-compare.jar"), "");
        assertThat(run(folder, environment, launcher, "bench", "kernels").out)
                .contains("-all.jar:" + tree + "/benchmarks/target/quorate-benchmarks-0.1.0-compare.jar:")
                .endsWith("/benchmarks/target/compare/lib/* io.quorate.benchmarks.BenchmarkMain kernels\n");
    }

    @Test
    void shouldRefuseToBuildWhenTold() throws Exception {
        final Path tree = tree();
        final Map<String, String> environment =
                Map.of("JAVA25_HOME", jdk("jdk", "25").toString(), "QUORATE_NO_BUILD", "1");
        final Run run = run(folder, environment, tree.resolve("quorate").toString());
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.err).contains("nothing is built");
    }

    /** Java takes what a process's pipes hold when it ends; a filter that outlives the launcher lost the last words, often. */
    @Test
    void shouldEndAfterItsErrorsAreOut() throws Exception {
        final Path tree = tree();
        final Map<String, String> environment =
                Map.of("JAVA25_HOME", jdk("jdk", "25").toString(), "QUORATE_NO_BUILD", "1");
        for (int time = 0; time < 20; time++) {
            final Run unbuilt = run(folder, environment, tree.resolve("quorate").toString());
            assertThat(unbuilt.err).as("time " + time).contains("nothing is built");
        }
        Files.createDirectories(tree.resolve("peer/target"));
        Files.writeString(tree.resolve("peer/target/quorate-peer-0.1.0.jar"), "");
        script(
                folder.resolve("jdk/bin/java"),
                "echo WARNING: Using incubator modules: jdk.incubator.vector >&2; echo last words >&2; exit 3");
        for (int time = 0; time < 20; time++) {
            final Run failed = run(folder, environment, tree.resolve("quorate").toString(), "status");
            assertThat(failed.err).as("time " + time).isEqualTo("last words\n");
            assertThat(failed.exitCode).isEqualTo(3);
        }
    }

    @Test
    void shouldPrintVersionOfTheRealProgram() throws Exception {
        final Run run = run(
                folder,
                Map.of("QUORATE_NO_BUILD", "1"),
                REPOSITORY.resolve("quorate").toString(),
                "--version");
        assertThat(run.exitCode).isZero();
        assertThat(run.out).startsWith("quorate 0.").contains("native profile");
    }

    @Test
    void shouldReplayASeedInAnotherProcess() throws Exception {
        final String[] words = {"simulate", "--seed", "11", "--seeds", "3", "--faults", "harsh", "--json"};
        final List<String> command = new ArrayList<>(List.of(words));
        command.addFirst(REPOSITORY.resolve("quorate").toString());
        final Run run = run(folder, Map.of("QUORATE_NO_BUILD", "1"), command.toArray(new String[0]));
        assertThat(run.exitCode).isZero();
        assertThat(JsonLine.read(run.out.strip()).get("traceHash"))
                .isEqualTo(JsonLine.read(CommandRun.of((Object[]) words).out()).get("traceHash"));
    }

    @Test
    void shouldComputeOnFilesWithOneLineOnStandardError() throws Exception {
        final Path rows = NpyBytes.save(folder.resolve("X.npy"), new float[] {0, 2}, new float[] {3, 4});
        final Run run = run(
                folder,
                Map.of("QUORATE_NO_BUILD", "1"),
                REPOSITORY.resolve("quorate").toString(),
                "compute",
                "topk",
                "--in",
                rows.toString(),
                "--query",
                "X.npy",
                "--k",
                "1",
                "--json");
        assertThat(run.exitCode).isZero();
        assertThat(run.out.strip()).isEqualTo("{\"k\":1,\"rows\":[[0],[1]],\"cosines\":[[1.0],[1.0]]}");
        assertThat(run.err).matches("kernel: vector, \\d+ bits\\n");
    }

    /** A tree in the shape of the repository whose build is a script that counts and makes an empty jar. */
    private Path tree() throws IOException {
        final Path tree = Files.createDirectories(folder.resolve("a tree"));
        Files.copy(REPOSITORY.resolve("quorate"), tree.resolve("quorate"));
        Files.setPosixFilePermissions(tree.resolve("quorate"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(tree.resolve("pom.xml"), "<project>\n  <version>0.1.0</version>\n</project>\n");
        Files.createDirectories(tree.resolve(".mvn"));
        Files.createDirectories(tree.resolve("native-profiles"));
        try (Stream<Path> profiles = Files.list(REPOSITORY.resolve("native-profiles"))) {
            for (final Path profile : profiles.filter(Files::isRegularFile).toList()) {
                Files.copy(profile, tree.resolve("native-profiles").resolve(profile.getFileName()));
            }
        }
        for (final String module : MODULES.split(" ")) {
            Files.createDirectories(tree.resolve(module + "/src/main"));
            Files.writeString(tree.resolve(module + "/pom.xml"), "<project/>\n");
            Files.writeString(tree.resolve(module + "/src/main/A.java"), "class A {}\n");
        }
        script(
                tree.resolve("mvnw"),
                "echo built >>builds; echo noise; echo noise >&2; mkdir -p peer/target; : >peer/target/quorate-peer-0.1.0.jar");
        return tree;
    }

    /** A JDK as far as the launcher looks: its java prints how it was called. */
    private Path jdk(final String name, final String version) throws IOException {
        final Path jdk = folder.resolve(name);
        Files.createDirectories(jdk.resolve("bin"));
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        script(jdk.resolve("bin/javac"), "exit 0");
        script(jdk.resolve("bin/java"), "printf '%s ' \"$0\"; IFS=' '; printf '%s\\n' \"$*\"");
        return jdk;
    }

    private static void script(final Path file, final String text) throws IOException {
        Files.writeString(file, "#!/usr/bin/env bash\n" + text + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThat(Files.exists(file, LinkOption.NOFOLLOW_LINKS)).isTrue();
    }

    private static Run run(final Path directory, final Map<String, String> environment, final String... command)
            throws Exception {
        return finish(start(directory, environment, command));
    }

    private static Process start(final Path directory, final Map<String, String> environment, final String... command)
            throws IOException {
        final ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(List.of(command)));
        builder.directory(directory.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("QUORATE_") || name.startsWith("JAVA"));
        builder.environment().putAll(environment);
        final Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private static Run finish(final Process process) throws Exception {
        final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        final String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), out, err);
    }

    private record Run(int exitCode, String out, String err) {}
}
