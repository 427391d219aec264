// SPDX-License-Identifier: Apache-2.0
//
// The hash table behind Map and SyncMap: keys as bytes, values as Shared. With
// Check::kConcurrentAccess every access has a beginning and an end that others may come between.
#include <new>

#include "chicane/golang/map.h"
#include "golang/shared.h"

namespace chicane::golang::internal {

namespace {

struct Node {
  std::uint64_t hash;
  std::size_t length;
  char* key;
  Shared* value;
  Node* next;
};

std::uint64_t hash_of(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::size_t i = 0; i < key.size(); ++i) {
    hash = (hash ^ static_cast<unsigned char>(key.data()[i])) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace

struct Table::Rep {
  explicit Rep(Check check) : checked(check == Check::kConcurrentAccess) {}

  const bool checked;
  std::uint32_t readers = 0;
  bool writing = false;
  std::uint32_t last_thread = 0;  // of the access under way that began last
  const void* last_site = nullptr;
  std::size_t size = 0;
  std::size_t buckets = 0;
  Node** table = nullptr;
  char erase_edge = 0;  // SyncMap: an erase before a load that finds nothing

  Node** find(std::string_view key) {
    if (buckets == 0) return nullptr;
    const std::uint64_t hash = hash_of(key);
    Node** link = &table[hash & (buckets - 1)];
    while (*link != nullptr) {
      const Node* node = *link;
      if (node->hash == hash && node->length == key.size() &&
          hidden_equal(node->key, key.data(), key.size())) {
        return link;
      }
      link = &(*link)->next;
    }
    return nullptr;
  }
  void grow() {
    const std::size_t count = buckets == 0 ? 8 : 2 * buckets;
    Node** bigger = static_cast<Node**>(hidden_allocate(count * sizeof(Node*)));
    for (std::size_t i = 0; i < count; ++i) bigger[i] = nullptr;
    for (std::size_t i = 0; i < buckets; ++i) {
      while (Node* node = table[i]) {
        table[i] = node->next;
        node->next = bigger[node->hash & (count - 1)];
        bigger[node->hash & (count - 1)] = node;
      }
    }
    free_table();
    table = bigger;
    buckets = count;
  }
  void free_table() {
    if (table != nullptr) hidden_free(table, buckets * sizeof(Node*));
  }
  void insert(std::string_view key, Shared* value) {
    if (size >= buckets) grow();
    const std::uint64_t hash = hash_of(key);
    auto* bytes = static_cast<char*>(hidden_allocate(key.size()));
    hidden_copy(bytes, key.data(), key.size());
    Node*& bucket = table[hash & (buckets - 1)];
    bucket = new (hidden_allocate(sizeof(Node))) Node{hash, key.size(), bytes, value, bucket};
    ++size;
  }
  Shared* remove(Node** link) {
    Node* node = *link;
    Shared* value = node->value;
    *link = node->next;
    hidden_free(node->key, node->length);
    hidden_free(node, sizeof(Node));
    --size;
    return value;
  }
};

namespace {

/// One access: its beginning, and for a Map its end. In between it holds the Section.
template <class Rep>
class Access {
 public:
  Access(Rep* rep, const void* table, OpKind kind, const void* site)
      : rep_(rep), table_(table), site_(site) {
    // Map's kinds tell reads from writes; SyncMap's are those of an atomic object.
    writes_ = kind != OpKind::kAtomicLoad;
    kind_ = !rep->checked ? kind : writes_ ? OpKind::kMapWrite : OpKind::kMapRead;
    section.wait({kind_, table, site});
    if (rep->checked) begin();
    if (!rep->checked) section.emit(kind_, Outcome::kDone, table, site);
  }
  Access(const Access&) = delete;
  ~Access() {
    if (!rep_->checked) return;
    section.wait({OpKind::kMapDone, table_, site_});
    writes_ ? void(rep_->writing = false) : void(--rep_->readers);
    section.emit(OpKind::kMapDone, Outcome::kDone, table_, site_);
  }

  Section section;

 private:
  void begin() {
    if (rep_->writing || (writes_ && rep_->readers != 0)) {
      section.emit(kind_, Outcome::kConcurrentAccess, table_, site_,
                   Section::as_value(rep_->last_site), Section::as_other(rep_->last_thread));
      section.fatal(writes_ && rep_->writing ? "concurrent map writes"
                                             : "concurrent map read and map write");
    }
    writes_ ? void(rep_->writing = true) : void(++rep_->readers);
    rep_->last_site = site_;
    rep_->last_thread = section.thread();
    section.emit(kind_, Outcome::kDone, table_, site_);
  }

  Rep* rep_;
  const void* table_;
  const void* site_;
  OpKind kind_;
  bool writes_;
};

}  // namespace

Table::Table(Check check) : rep_(new Rep(check)) {}

Table::~Table() {
  for (std::size_t i = 0; i < rep_->buckets; ++i) {
    while (rep_->table[i] != nullptr) {
      Shared* value = nullptr;
      {
        Section section;
        value = rep_->remove(&rep_->table[i]);
      }
      shared_drop(value);
    }
  }
  {
    Section section;
    rep_->free_table();
  }
  delete rep_;
}

Shared* Table::load(std::string_view key) const {
  Access access(rep_, this, OpKind::kAtomicLoad, CHICANE_GOLANG_SITE());
  if (Node** link = rep_->find(key)) return observe(access.section, (*link)->value);
  if (!rep_->checked) access.section.acquire(&rep_->erase_edge);
  return nullptr;
}

void Table::store(std::string_view key, Shared* value) {
  Shared* old = nullptr;
  {
    Access access(rep_, this, OpKind::kAtomicStore, CHICANE_GOLANG_SITE());
    access.section.release_store(&value->edge);
    if (Node** link = rep_->find(key)) {
      old = (*link)->value;
      (*link)->value = value;
    } else {
      rep_->insert(key, value);
    }
  }
  if (old != nullptr) shared_drop(old);
}

Shared* Table::load_or_store(std::string_view key, Shared* fresh, bool* loaded) {
  Shared* there = nullptr;
  {
    Access access(rep_, this, OpKind::kAtomicRmw, CHICANE_GOLANG_SITE());
    if (Node** link = rep_->find(key)) there = observe(access.section, (*link)->value);
    if (there == nullptr) {
      access.section.release_store(&fresh->edge);
      rep_->insert(key, fresh);
      fresh->references.add();
    }
  }
  *loaded = there != nullptr;
  if (there == nullptr) return fresh;
  shared_drop(fresh);
  return there;
}

Shared* Table::erase(std::string_view key) {
  Access access(rep_, this, OpKind::kAtomicRmw, CHICANE_GOLANG_SITE());
  Node** link = rep_->find(key);
  if (link == nullptr) return nullptr;
  Shared* value = rep_->remove(link);
  access.section.acquire(&value->edge);
  if (!rep_->checked) access.section.release(&rep_->erase_edge);
  return value;
}

std::size_t Table::size() const {
  Access access(rep_, this, OpKind::kAtomicLoad, CHICANE_GOLANG_SITE());
  return rep_->size;
}

void Table::range(bool (*f)(void*, void*), void* argument) const {
  Shared** all = nullptr;
  std::size_t count = 0;
  {
    Access access(rep_, this, OpKind::kAtomicLoad, CHICANE_GOLANG_SITE());
    all = new Shared*[rep_->size + 1];
    for (std::size_t i = 0; i < rep_->buckets; ++i) {
      for (Node* node = rep_->table[i]; node != nullptr; node = node->next) {
        all[count++] = observe(access.section, node->value);
      }
    }
  }
  struct Snapshot {
    Shared** all;
    std::size_t count;
    ~Snapshot() {
      for (std::size_t i = 0; i < count; ++i) shared_drop(all[i]);
      delete[] all;
    }
  } snapshot{all, count};
  for (std::size_t i = 0; i < count; ++i) {
    if (!f(argument, all[i]->value)) break;
  }
}

}  // namespace chicane::golang::internal
