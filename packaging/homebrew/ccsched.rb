# The template of the formula. `make formula` fills in where the sdist of a release is, and the libraries as pinned in
# requirements/run.txt, and writes dist/ccsched.rb.
class Ccsched < Formula
  include Language::Python::Virtualenv

  desc "Scheduler daemon for unattended Claude Code sessions"
  homepage "@HOMEPAGE@"
  url "@URL@"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "rust" => :build # for pydantic-core
  depends_on "python@3.13"

  on_linux do
    depends_on "pkgconf" => :build
    depends_on "libffi"
    depends_on "openssl@3"
  end

  # @RESOURCES@

  def install
    virtualenv_install_with_resources
    system libexec/"bin/python", "packaging/man/pages.py", buildpath/"man"
    man1.install Dir["man/*.1"]
    man8.install Dir["man/*.8"]
    generate_completions_from_executable(bin/"ccsched", "completion", shells: [:bash, :zsh, :fish])
    pkgshare.install "contrib/fleet"
  end

  def caveats
    <<~EOS
      The service that `brew services start ccsched` starts knows only the programs that
      Homebrew and the system bring. If `claude` is elsewhere on your PATH, let ccsched
      set up its own, which knows what your login shell knows:
        ccsched service install
    EOS
  end

  service do
    run opt_bin/"ccschedd"
    keep_alive crashed: true
    process_type :standard
    environment_variables PATH: std_service_path_env
    log_path var/"log/ccsched.log"
    error_log_path var/"log/ccsched.log"
  end

  test do
    ENV["CCSCHED_HOME"] = testpath/"home"
    assert_match version.to_s, shell_output("#{bin}/ccsched --version")
    # Refused, for there is no daemon yet.
    assert_match "not running", shell_output("#{bin}/ccsched health 2>&1", 3)
    daemon = spawn bin/"ccschedd"
    begin
      100.times do
        break if quiet_system bin/"ccsched", "health"

        sleep 0.1
      end
      assert_match "\"jobs\"", shell_output("#{bin}/ccsched jobs export --all")
    ensure
      Process.kill "TERM", daemon
      Process.wait daemon
    end
  end
end
