# What a sandbox installs for itself ("npm install --global", "pnpm add --global", "pip install --user") is found first.
PATH="$HOME/.local/bin:$HOME/.local/share/pnpm/bin:$PATH"
export PATH
